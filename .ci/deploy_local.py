"""Makes of template.yaml, on engines of one machine, what a deployment has beside its functions: the tables,
the state machine, the event bus's name; and writes the functions' environment for sam local.

usage: deploy_local.py TEMPLATE ENVIRONMENT.json
In its environment: AWS_ENDPOINT_URL_DYNAMODB, _SFN, _REST (of all other services), USERSYNC_ENDPOINT (where
functions reach all of them), USERSYNC_JWKS, and the secrets of companies as lines NAME=VALUE on standard input.
"""

import json
import os
import pathlib
import re
import sys

import boto3
import yaml

STACK = "usersync-local"
FUNCTIONS = "arn:aws:lambda:eu-north-1:000000000000:function:"


class Template(yaml.SafeLoader):
    """Reads CloudFormation's short forms as {tag: value}."""


def short(loader, tag, node):
    if isinstance(node, yaml.ScalarNode):
        return {tag: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {tag: loader.construct_sequence(node, deep=True)}
    return {tag: loader.construct_mapping(node, deep=True)}


Template.add_multi_constructor("!", short)


def client(service, address):
    return boto3.client(service, endpoint_url=os.environ["AWS_ENDPOINT_URL_" + address])


def make_table(name, properties):
    tables = client("dynamodb", "DYNAMODB")
    ttl = properties["TimeToLiveSpecification"]
    made = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
    tables.create_table(TableName=name, **{k: properties[k] for k in made if k in properties})
    tables.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl)
    return name


def make_machine(properties, folder):
    definition = (folder / properties["DefinitionUri"]).read_text()
    for name, value in properties["DefinitionSubstitutions"].items():
        definition = definition.replace("${%s}" % name, FUNCTIONS + value["GetAtt"].removesuffix(".Arn"))
    made = client("stepfunctions", "SFN").create_state_machine(
        name=STACK + "-sync", definition=definition, roleArn="arn:aws:iam::000000000000:role/sync"
    )
    return made["stateMachineArn"]


def main(path, out):
    template = yaml.load(pathlib.Path(path).read_text(), Loader=Template)
    resources = template["Resources"]
    values = {p: d.get("Default", "") for p, d in template["Parameters"].items()}
    values |= {
        "AWS::StackName": STACK,
        "Issuer": "urn:usersync:built-in",
        "Jwks": os.environ["USERSYNC_JWKS"],
        "AllowPrivate": "true",
    }
    for name in ("MainTable", "PagesTable"):
        values[name] = make_table(f"{STACK}-{name}", resources[name]["Properties"])
    values["SyncStateMachine"] = make_machine(resources["SyncStateMachine"]["Properties"], pathlib.Path(path).parent)
    for line in sys.stdin.read().split():
        name, _, secret = line.partition("=")
        client("secretsmanager", "REST").create_secret(Name=name, SecretString=secret)
        client("ssm", "REST").put_parameter(Name=name, Value=secret, Type="SecureString")
    environment = {}
    for name, resource in resources.items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        declared = resource["Properties"]["Environment"]["Variables"]
        environment[name] = {
            v: os.environ["USERSYNC_ENDPOINT"] if re.match("AWS_ENDPOINT_URL_", v) else values[source["Ref"]]
            for v, source in declared.items()
        }
    pathlib.Path(out).write_text(json.dumps(environment))
    print(values["MainTable"], values["PagesTable"], values["SyncStateMachine"])


if __name__ == "__main__":
    main(*sys.argv[1:])
