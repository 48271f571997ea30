//! OCPP-J framing: calls, results and errors as JSON arrays. Pure.
