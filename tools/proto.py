"""The contract's tool chain: generate the SDK's stubs, lint, and check for breaking changes.

No schema registry is asked. The imported definitions come out of installed wheels: google's from
googleapis-common-protos and grpcio-tools, protovalidate's from the descriptor that its wheel carries.
"""

import shutil
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.rpc import status_pb2
from grpc_tools import protoc
from protovalidate._gen.buf.validate import validate_pb

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = ROOT / "proto"
SDK = ROOT / "sdk"
RELEASED_IMAGE = CONTRACT / "released.binpb"
VALIDATE_PROTO = "buf/validate/validate.proto"
GENERATED = ("loyalty/v1", "buf/validate")


def contract_files() -> list[str]:
    """The project's own .proto files, as protoc names them."""
    return sorted(str(path.relative_to(CONTRACT)) for path in CONTRACT.rglob("*.proto"))


def write_validate_descriptor(target: Path) -> None:
    """Write protovalidate's own definitions, and what they import, as a descriptor set for protoc."""
    descriptors = FileDescriptorSet()
    google = Path(str(files("grpc_tools") / "_proto"))
    with tempfile.TemporaryDirectory() as folder:
        wellknown = Path(folder) / "wellknown.binpb"
        names = ["descriptor", "duration", "field_mask", "timestamp"]
        run_protoc(
            [f"-I{google}", f"--descriptor_set_out={wellknown}", "--include_imports"]
            + [f"google/protobuf/{name}.proto" for name in names]
        )
        descriptors.ParseFromString(wellknown.read_bytes())
    descriptors.file.append(FileDescriptorProto.FromString(validate_pb.desc().proto.to_binary()))
    target.write_bytes(descriptors.SerializeToString())


def run_protoc(arguments: list[str]) -> None:
    """Run protoc in this process; exit with its code where it fails."""
    code = protoc.main(["protoc", *arguments])
    if code:
        sys.exit(code)


def include_options(folder: Path) -> list[str]:
    """The options that let protoc find the contract and everything it imports."""
    validate = folder / "validate.binpb"
    write_validate_descriptor(validate)
    common_protos = Path(status_pb2.__file__).parent.parent.parent
    return [
        f"--descriptor_set_in={validate}",
        f"-I{CONTRACT}",
        f"-I{common_protos}",
        f"-I{files('grpc_tools') / '_proto'}",
    ]


def generate_into(target: Path) -> None:
    """Generate messages, their type stubs, and the service stubs."""
    with tempfile.TemporaryDirectory() as folder:
        options = include_options(Path(folder))
        scripts = Path(sys.executable).parent
        run_protoc([*options, f"--python_out={target}", f"--pyi_out={target}", VALIDATE_PROTO])
        run_protoc(
            [
                *options,
                f"--plugin=protoc-gen-mypy_grpc={scripts / 'protoc-gen-mypy_grpc'}",
                f"--python_out={target}",
                f"--pyi_out={target}",
                f"--grpc_python_out={target}",
                f"--mypy_grpc_out={target}",
                *contract_files(),
            ]
        )
    for package in GENERATED:
        (target / package / "__init__.py").touch()
    for empty in (target / "loyalty/v1").glob("*_pb2_grpc.py*"):
        if not empty.name.removesuffix(".pyi").removesuffix(".py").endswith("service_pb2_grpc"):
            empty.unlink()  # messages alone have no stubs


def write_image(target: Path) -> None:
    """Write the contract with its comments as a buf image."""
    with tempfile.TemporaryDirectory() as folder:
        run_protoc(
            [
                *include_options(Path(folder)),
                f"--descriptor_set_out={target}",
                "--include_imports",
                "--include_source_info",
                *contract_files(),
            ]
        )


def generate() -> None:
    """Generate sdk/ anew."""
    for package in GENERATED:
        shutil.rmtree(SDK / package, ignore_errors=True)
    generate_into(SDK)


def check() -> None:
    """Lint the contract, refuse a breaking change, and refuse generated code that is not the contract's."""
    buf = Path(sys.executable).parent / "buf"
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "image.binpb"
        write_image(image)
        run_buf([str(buf), "lint", str(image)])
        run_buf([str(buf), "breaking", str(image), "--against", str(RELEASED_IMAGE)])
        run_buf([str(buf), "format", "--diff", "--exit-code", str(CONTRACT)])
        fresh = Path(folder) / "sdk"
        fresh.mkdir()
        generate_into(fresh)
        stale = [
            str(path.relative_to(fresh))
            for path in sorted(fresh.rglob("*"))
            if path.is_file() and not same_content(path, SDK / path.relative_to(fresh))
        ]
    if stale:
        sys.exit(f"generated code is not the contract's, run `make proto`: {', '.join(stale)}")
    print(f"contract: {len(contract_files())} files linted, compatible, generated code up to date")  # noqa: T201 - a tool's answer


def same_content(one: Path, other: Path) -> bool:
    """Whether both files exist and hold the same bytes."""
    return other.exists() and one.read_bytes() == other.read_bytes()


def run_buf(command: list[str]) -> None:
    """Run buf; exit with its code where it finds something."""
    result = subprocess.run(command, cwd=ROOT, check=False)  # noqa: S603 - the program of our own environment
    if result.returncode:
        sys.exit(result.returncode)


def release() -> None:
    """Take today's contract as the one later changes may not break."""
    write_image(RELEASED_IMAGE)


if __name__ == "__main__":
    {"generate": generate, "check": check, "release": release}[sys.argv[1]]()
