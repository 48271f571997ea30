"""Every route with every role, by a fuzzer that reads our own OpenAPI document: none breaks, none answers whom it must not."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import content_type_conformance, not_a_server_error, response_schema_conformance

CHECKS = [not_a_server_error, response_schema_conformance, content_type_conformance]

# Whom a route is for, and the roles that may use it.
MAY = {
    "anyone": {"admin", "operator", "viewer", "monitor", "metrics", None},
    "metrics": {"admin", "operator", "viewer", "metrics"},
    "programme": {"admin", "operator", "viewer", "monitor", "metrics"},
    "monitor": {"admin", "operator", "viewer", "monitor"},
    "viewer": {"admin", "operator", "viewer"},
    "operator": {"admin", "operator"},
    "admin": {"admin"},
}

ROLES = ["admin", "operator", "viewer", "monitor", "metrics", None]


@pytest.mark.parametrize("role", ROLES)
def test_no_route_breaks_and_none_answers_whom_it_must_not(service, role):
    # Whoever has no token of their own asks where there are tokens: only then is one asked for.
    service.act_as(role or "metrics")
    headers = {"Authorization": f"Bearer {service.token}"} if role else {}
    schema = schemathesis.openapi.from_url(f"http://{service.http}/api/v1/openapi.json")
    refusals = (403,) if role else (401, 429)
    met = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        may = role in MAY[operation.definition.raw["x-access"]]

        @settings(
            max_examples=5,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case):
            response = case.call(headers=headers)
            assert service.token not in response.text, "a token came back"
            where = f"{case.method} {case.formatted_path} as {role}: {response.status_code} {response.text[:200]}"
            if may:
                assert response.status_code not in (401, 403), where
                case.validate_response(response, checks=CHECKS)
            else:
                assert response.status_code in refusals, where

        ask()
        met.add(operation.label)
    assert len(met) >= 20, met
    for file in service.folder.iterdir():
        assert service.token.encode() not in file.read_bytes(), f"{file.name} holds a token in clear"
