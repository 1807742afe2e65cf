"""Which text field of a message on the wire is not UTF-8: the parser only says that there is one."""

from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

_VARINT: Final = 0
_FIXED64: Final = 1
_BYTES: Final = 2
_FIXED32: Final = 5
_VARINT_BYTES_MAX: Final = 10


class _BrokenError(Exception):
    """The content is not a message at all."""


def field_of_bad_text(descriptor: Descriptor, content: bytes) -> str | None:
    """The path of the first text field that is not UTF-8; None where the content is broken otherwise."""
    try:
        return _search(descriptor, content, "")
    except _BrokenError:
        return None


def _search(descriptor: Descriptor, content: bytes, path: str) -> str | None:
    position = 0
    counts: dict[int, int] = {}
    while position < len(content):
        tag, position = _varint(content, position)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            _, position = _varint(content, position)
        elif kind in {_FIXED64, _FIXED32}:
            position += 8 if kind == _FIXED64 else 4
        elif kind == _BYTES:
            length, position = _varint(content, position)
            value = content[position : position + length]
            if len(value) != length:
                raise _BrokenError
            position += length
            field = descriptor.fields_by_number.get(number)
            if field is not None:
                index = counts.get(number, 0)
                counts[number] = index + 1
                name = f"{path}{field.name}" + (f"[{index}]" if field.is_repeated else "")
                found = _search_value(field, value, name)
                if found is not None:
                    return found
        else:
            raise _BrokenError
    return None


def _search_value(field: FieldDescriptor, value: bytes, name: str) -> str | None:
    if field.type == FieldDescriptor.TYPE_STRING:
        try:
            value.decode()
        except UnicodeDecodeError:
            return name
        return None
    if field.type == FieldDescriptor.TYPE_MESSAGE and field.message_type is not None:
        return _search(field.message_type, value, f"{name}.")
    return None


def _varint(content: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(_VARINT_BYTES_MAX):
        if position >= len(content):
            raise _BrokenError
        byte = content[position]
        position += 1
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value, position
    raise _BrokenError
