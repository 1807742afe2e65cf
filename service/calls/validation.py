"""The contract's own rules: a request is read from the wire and checked before any handler sees it."""

from typing import Final, TypeVar, cast

import protovalidate
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError, Message
from protovalidate._gen.buf.validate.validate_pb import FieldPathElement

from service.calls.refusal import CallRefused, FieldViolation, invalid
from service.calls.wire import field_of_bad_text

# What a rule's own text says to people who do not read regular expressions.
PATTERN_MESSAGES: Final = {
    r"^\P{C}*$": "must not contain control or invisible characters",
    r"^\P{Cc}*$": "must not contain control characters",
    r"^[\P{C}\n\t]*$": "must not contain control or invisible characters",
    r"^[A-Z]{3}$": "must be an ISO 4217 code of three capital letters",
}

RequestT = TypeVar("RequestT", bound=Message)

_validator: Final = protovalidate.Validator()


def valid_request(request_type: type[RequestT], content: bytes) -> RequestT:
    """The message of its wire form. Raises CallRefused where it breaks the contract or cannot be read."""
    request = _read(request_type, content)
    refusal = check_request(request)
    if refusal is not None:
        raise refusal
    return request


def _read(request_type: type[RequestT], content: bytes) -> RequestT:
    try:
        return request_type.FromString(content)
    except DecodeError:
        field = field_of_bad_text(cast("Descriptor", request_type.DESCRIPTOR), content)
        if field is None:
            name = request_type.DESCRIPTOR.full_name
            raise invalid([FieldViolation("", f"the request is not a {name}")]) from None
        raise invalid([FieldViolation(field, "must be UTF-8")]) from None


def check_request(request: Message, prefix: str = "") -> CallRefused | None:
    """The refusal of a request that breaks the contract's rules; None where it keeps them."""
    violations = _validator.collect_violations(request)
    if not violations:
        return None
    found: list[FieldViolation] = []
    for violation in violations:
        path = violation.proto.field
        name = prefix + ".".join(_step(element) for element in (path.elements if path else ()))
        message = violation.proto.message
        if violation.proto.rule_id == "required" and name.endswith("_id"):
            message = "is required: 1 to 128 characters"
        elif violation.proto.rule_id == "string.pattern":
            message = PATTERN_MESSAGES.get(str(violation.rule_value), message)
        found.append(FieldViolation(name, message))
    return invalid(found)


def _step(element: FieldPathElement) -> str:
    subscript = element.subscript
    return element.field_name if subscript is None else f"{element.field_name}[{subscript.value!r}]"
