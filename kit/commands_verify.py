"""Commands of the verifier: `regrade verify log|export|bundle|proof|between`.

Exit codes: 0 verified; 1 failed, and entries and rules are named; 2 a file that cannot be read, or a
command that was typed wrongly. Heavy modules are imported inside the command functions, so that
`regrade --help` answers at once.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

if TYPE_CHECKING:
    from inspection.custody.policy import TrustPolicy
    from kit.basis import Basis
    from kit.verify import Report

FAILED = 1
UNREADABLE = 2
BAR_FROM_BYTES = 4 * 1024 * 1024
"""Smaller files are read before a bar could be seen."""

Lines = Annotated[Path, typer.Argument(help="Export of the log (`regrade ledger export OUT.jsonl`).")]
ArchivePath = Annotated[Path, typer.Argument(help="Archive of the log: a zip or a folder.")]
BundlePath = Annotated[Path, typer.Argument(help="Evidence pack (.zip), its folder, or its bundle.json.")]
LeafFile = Annotated[Path, typer.Argument(help="The entry's own bytes.")]
ProofFile = Annotated[Path, typer.Argument(help="Its proof, a .tlog-proof.")]
OldNote = Annotated[Path, typer.Argument(help="The older checkpoint.")]
NewNote = Annotated[Path, typer.Argument(help="The newer checkpoint.")]
ReceiptFiles = Annotated[
    list[Path], typer.Option("--receipt", help="Receipt that you hold, as JSON; any number of them.")
]
NoteFiles = Annotated[
    list[Path], typer.Option("--checkpoint", help="Checkpoint that you hold; any number of them.")
]
LogKey = Annotated[
    str | None, typer.Option("--key", help="The log's public key in base64, from somebody you trust.")
]
PolicyFile = Annotated[
    Path | None, typer.Option("--policy", help="Logs and witnesses that you trust (C2SP tlog-policy).")
]
NeededPolicy = Annotated[
    Path, typer.Option("--policy", help="Logs and witnesses that you trust (C2SP tlog-policy).")
]
ConsistencyFile = Annotated[
    Path | None, typer.Option("--proof", help="Consistency proof: one base64 hash per line.")
]
ExportFile = Annotated[
    Path | None, typer.Option("--export", help="Export (.jsonl, .zip, folder) with the newer one's entries.")
]
PlacesOnly = Annotated[
    bool, typer.Option("--places-only", help="Leave out what the entries say: signatures, records, counters.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as one JSON object.")]

verify = typer.Typer(help="Check proofs offline; only files are read.", no_args_is_help=True)


@verify.command("log")
def verify_log_command(
    export: Lines,
    receipt: ReceiptFiles = [],  # noqa: B006 - typer copies it
    key: LogKey = None,
    policy: PolicyFile = None,
    checkpoint: NoteFiles = [],  # noqa: B006
    places_only: PlacesOnly = False,
    as_json: AsJson = False,
) -> None:
    """Check an export of the log, byte for byte, against its signed checkpoint and what you hold.

    Finds and names every entry that was changed, dropped, swapped or inserted. Without a receipt, an older
    checkpoint or witnesses the answer says what it cannot exclude; without a key or a policy it shows only
    that the export fits itself.

    Exit codes: 0 verified; 1 failed, the entries are named; 2 a file that cannot be read.
    """
    from kit.errors import NotAnExport
    from kit.verify import verify_log

    def check() -> "Report":
        basis = _basis(policy, key, receipt, checkpoint)
        try:
            with export.open("rb") as file, _bar(export.stat().st_size) as progress:
                return verify_log(file, None, None, progress, basis=basis, thorough=not places_only)
        except OSError as error:
            raise NotAnExport(f"{export}: {error.strerror}") from error

    _answer(check, as_json)


@verify.command("export")
def verify_export_command(
    archive: ArchivePath,
    receipt: ReceiptFiles = [],  # noqa: B006
    key: LogKey = None,
    policy: PolicyFile = None,
    checkpoint: NoteFiles = [],  # noqa: B006
    places_only: PlacesOnly = False,
    as_json: AsJson = False,
) -> None:
    """Check a whole archive of the log: as `log`, and every tile, bundle and kept checkpoint beside it.

    Exit codes: 0 verified; 1 failed, entries or parts are named; 2 a file that cannot be read.
    """
    from kit.archive import open_archive
    from kit.archive_writer import LINES
    from kit.errors import NotAnExport
    from kit.verify_export import verify_export

    def check() -> "Report":
        basis = _basis(policy, key, receipt, checkpoint)
        with open_archive(archive, NotAnExport) as parts:
            size = parts.size(LINES) if LINES in parts.names else 0
            with _bar(size) as progress:
                return verify_export(parts, basis, progress, thorough=not places_only)

    _answer(check, as_json)


@verify.command("bundle")
def verify_bundle_command(bundle: BundlePath, policy: PolicyFile = None, as_json: AsJson = False) -> None:
    """Check an evidence pack, or the bundle.json out of one with its photos beside it.

    Every entry by its proof, every verdict by its station's signature, every opened field and photo by
    what the record commits to. Without a policy the pack's own is used.

    Exit codes: 0 verified; 1 failed, entries or photos are named; 2 a file that cannot be read.
    """
    _answer(lambda: _bundle(bundle, _policy(policy)), as_json)


@verify.command("proof")
def verify_proof_command(
    leaf: LeafFile, proof: ProofFile, policy: NeededPolicy, as_json: AsJson = False
) -> None:
    """Check that one entry stands in a log, by its proof.

    Exit codes: 0 verified; 1 failed, the rule is named; 2 a file that cannot be read.
    """
    from inspection.custody.leaf import MAX_LEAF_BYTES
    from inspection.custody.proof import MAX_PROOF_BYTES
    from kit.basis import read_head, read_policy_file
    from kit.errors import NotAProof
    from kit.verify_proof import verify_proof

    def check() -> "Report":
        trusted = read_policy_file(policy)
        try:
            return verify_proof(read_head(leaf, MAX_LEAF_BYTES), read_head(proof, MAX_PROOF_BYTES), trusted)
        except OSError as error:
            raise NotAProof(f"{error.filename}: {error.strerror}") from error

    _answer(check, as_json)


@verify.command("between")
def verify_between_command(
    old: OldNote,
    new: NewNote,
    policy: NeededPolicy,
    proof: ConsistencyFile = None,
    export: ExportFile = None,
    as_json: AsJson = False,
) -> None:
    """Check that a newer checkpoint continues an older one: the log only grew in between.

    Exit codes: 0 verified; 1 failed, the log signed two histories; 2 a file that cannot be read.
    """
    from kit.basis import read_checkpoint_file, read_policy_file
    from kit.verify_proof import verify_between

    def check() -> "Report":
        trusted = read_policy_file(policy)
        notes = read_checkpoint_file(old), read_checkpoint_file(new)
        hashes = _consistency(proof) if proof else None
        if export is None:
            return verify_between(*notes, trusted, proof=hashes)
        with _lines_of(export) as file:
            return verify_between(*notes, trusted, proof=hashes, export=file)

    _answer(check, as_json)


def _answer(check: Callable[[], "Report"], as_json: bool) -> None:
    """Print what was found and end with its exit code."""
    from kit.errors import KitError

    try:
        report = check()
    except KitError as error:
        typer.echo(f"regrade verify: {error} ({error.code})", err=True)
        raise typer.Exit(UNREADABLE) from error
    from kit.report import as_object, sentences

    if as_json:
        import orjson

        typer.echo(orjson.dumps(as_object(report)).decode())
    else:
        typer.echo("\n".join(sentences(report)))
    raise typer.Exit(0 if report.verified else FAILED)


def _basis(policy: Path | None, key: str | None, receipts: list[Path], notes: list[Path]) -> "Basis":
    from kit.basis import Basis, read_checkpoint_file, read_receipt

    return Basis(
        policy=_policy(policy),
        key=_key(key) if key else None,
        receipts=tuple(map(read_receipt, receipts)),
        checkpoints=tuple(map(read_checkpoint_file, notes)),
    )


def _policy(path: Path | None) -> "TrustPolicy | None":
    from kit.basis import read_policy_file

    return read_policy_file(path) if path else None


def _bundle(path: Path, policy: "TrustPolicy | None") -> "Report":
    from kit.archive import MAX_PART_BYTES, open_archive
    from kit.basis import read_head
    from kit.bundle import MAX_BUNDLE_BYTES, read_bundle
    from kit.errors import NotABundle
    from kit.verify_bundle import verify_bundle, verify_pack

    if path.suffix != ".json":
        with open_archive(path, NotABundle) as parts:
            return verify_pack(parts, policy)
    try:
        content = read_head(path, MAX_BUNDLE_BYTES)
        beside = {image.file: path.parent / image.file for image in read_bundle(content).images}
        # what else lies there is nobody's business, and may have no end
        photos = {name: read_head(each, MAX_PART_BYTES) for name, each in beside.items() if each.is_file()}
        return verify_bundle(content, photos, policy)
    except OSError as error:
        raise NotABundle(f"{error.filename}: {error.strerror}") from error


def _consistency(path: Path) -> tuple[bytes, ...]:
    from inspection.custody.proof import MAX_PROOF_BYTES
    from kit.basis import read_head
    from kit.errors import NotAProof
    from kit.verify_proof import read_consistency

    try:
        return read_consistency(read_head(path, MAX_PROOF_BYTES))
    except OSError as error:
        raise NotAProof(f"{error.filename}: {error.strerror}") from error


@contextmanager
def _lines_of(path: Path) -> Iterator[BinaryIO]:
    """The lines of an export, be it a file, a zip or a folder."""
    from kit.archive import open_archive
    from kit.archive_writer import LINES
    from kit.errors import NotAnExport

    if path.suffix == ".jsonl":
        try:
            with path.open("rb") as file:
                yield file
        except OSError as error:
            raise NotAnExport(f"{path}: {error.strerror}") from error
        return
    with open_archive(path, NotAnExport) as parts:
        if LINES not in parts.names:
            raise NotAnExport(f"there is no {LINES} in {path}")
        with parts.open(LINES) as file:
            yield file


def _key(text: str) -> bytes:
    import base64

    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError as error:  # binascii.Error, or a letter that is not ASCII
        raise typer.BadParameter("the key is no base64", param_hint="--key") from error
    if len(raw) != 32:
        raise typer.BadParameter(f"the key has {len(raw)} bytes, not 32", param_hint="--key")
    return raw


@contextmanager
def _bar(size: int) -> Iterator[Callable[[int], None] | None]:
    """A progress bar on stderr for a big file and a person who watches."""
    if size < BAR_FROM_BYTES or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading the log", total=size)
        yield lambda done: bar.update(task, completed=done)
