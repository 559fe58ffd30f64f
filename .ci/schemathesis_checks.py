"""Lets schemathesis tell apart what the document cannot say.

That is about others: a code is one user's, a template is there, whoever is to be found by code has one, and a client has a
scope. For everything else that is valid a 400 is a fault, of the API or of its document.
"""

import schemathesis

EXCUSES = [
    "code is another user's",
    "accessTemplateId is no user's id",
    "code is missing, and lookupField says that the user is found by it",
    {"error": "invalid_scope"},
]


@schemathesis.check
def refused_for_others_only(ctx, response, case):
    if response.status_code == 400 and case.meta and case.meta.generation.mode.is_positive and response.json() not in EXCUSES:
        raise AssertionError(f"Valid data was refused: {response.json()}")
