"""Serves Step Functions: moto's server, in which LocalStack's interpreter runs the state machines.

usage: asl_engine.py HOST PORT
AWS_ENDPOINT_URL_LAMBDA  where the functions are that tasks invoke
ASL_ENGINE_SCRIPTED      where it is not empty, that address answers for the rest of the world, too:
                         a StartExecution of a task goes there, and instead of waiting its function Wait
                         is invoked with {"Execution": name, "Seconds": seconds}; jitter is at its most
"""

import functools
import json
import logging
import os
import sys
import threading
import types

import boto3
from botocore.config import Config
from moto.core.config import default_user_config
from moto.moto_server.werkzeug_app import create_backend_app
from moto.stepfunctions.parser.asl.component.common.retry import jitter_strategy_decl, retrier_decl
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_sfn
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils import json_path
from werkzeug.serving import run_simple

LAMBDA = os.environ["AWS_ENDPOINT_URL_LAMBDA"]
one_at_a_time = threading.Lock()  # boto3 makes clients one after the other


@functools.cache
def client(service, region, address):
    with one_at_a_time:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=address,
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(
                parameter_validation=False,
                retries={"total_max_attempts": 1},
                read_timeout=900,
                max_pool_connections=64,
                proxies={},
            ),
        )


class Executions:
    """StartExecution as tasks ask for it: moto's port of the interpreter does not spell its fields anew."""

    def __init__(self, asked):
        self.asked = asked

    def start_execution(self, **parameters):
        said = self.asked.start_execution(**{name[0].lower() + name[1:]: value for name, value in parameters.items()})
        return {"ExecutionArn": said["executionArn"], "StartDate": said["startDate"].isoformat()}


def script_time():
    """Lets the function Wait decide how long every wait takes."""
    here = threading.local()

    def wait(env, seconds):
        name = env.states.context_object.context_object_data["Execution"]["Name"]
        said = json.dumps({"Execution": name, "Seconds": seconds})
        client("lambda", "eu-north-1", LAMBDA).invoke(FunctionName="Wait", Payload=said)

    def retry(self, env):
        here.env = env
        retried(self, env)

    retried = retrier_decl.RetrierDecl._eval_body
    retrier_decl.RetrierDecl._eval_body = retry
    retrier_decl.time = types.SimpleNamespace(sleep=lambda seconds: wait(here.env, seconds))
    jitter_strategy_decl.random = types.SimpleNamespace(uniform=lambda least, most: most)
    WaitFunction._wait_interval = lambda self, env, wait_seconds: wait(env, wait_seconds)


def main(host, port):
    scripted = bool(os.environ.get("ASL_ENGINE_SCRIPTED"))
    own = f"http://{host}:{port}"

    lambda_eval_utils.boto_client_for = lambda region, service, state_credentials=None: client(
        service, region, LAMBDA
    )
    state_task_service_sfn.boto_client_for = lambda region, service, state_credentials=None: Executions(
        client(service, region, LAMBDA if scripted else own)
    )
    # Definitions and paths are read once, not whenever they are used. Using them changes nothing in them
    # but the key of a component, which is made when first asked for: so it is one that is there already.
    EvalComponent.heap_key = property(lambda component: str(id(component)))
    AmazonStateLanguageParser.parse = staticmethod(functools.lru_cache(64)(AmazonStateLanguageParser.parse))
    json_path.parse = functools.lru_cache(1024)(json_path.parse)
    default_user_config["stepfunctions"]["execute_state_machine"] = True
    if scripted:
        script_time()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    run_simple(host, port, create_backend_app("stepfunctions"), threaded=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
