"""``seqdsl run``"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seqdsl.backends.targets import DEFAULT_ENGINE, ENGINES, file_target
from seqdsl.cli.answers import Sample, answer_tables, has_classes
from seqdsl.cli.common import (
    claims_option,
    ema_option,
    fail_with,
    load_or_exit,
    network_options,
    note,
    require_weights_of,
    say,
)
from seqdsl.cli.engines import engine_options
from seqdsl.cli.recorded_options import classes_option, preprocessing_option
from seqdsl.cli.subject import Subject, file_subject, refuse_source_options, source_subject
from seqdsl.cli.tables import FORMATS, write_tables
from seqdsl.source.diagnostic import Failure, unlocated

if TYPE_CHECKING:
    from seqdsl.backends.arrays import Array, Outputs
    from seqdsl.backends.inputs.preprocessing import Preprocessing
    from seqdsl.backends.running import Outcome


@click.command("run")
@click.argument("file")
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path),
                metavar="INPUT...")  # fmt: skip
@network_options
@claims_option
@click.option("--weights", type=click.Path(path_type=Path), help="safetensors, or torch's.")
@preprocessing_option
@classes_option
@ema_option
@engine_options
@click.option("--format", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--save", type=click.Path(path_type=Path), metavar="OUT.npy",
              help="Keep the logits, or the map: float32 [samples, ...].")  # fmt: skip
def command(
    file: str,
    inputs: tuple[Path, ...],
    network_name: str | None,
    defines: dict[str, str],
    claims: bool,
    weights: Path | None,
    preprocessing: str | None,
    classes: Path | None,
    ema: bool | None,
    engine: str,
    provider: str,
    format: str,
    save: Path | None,
) -> None:
    """Run a network of FILE on each INPUT, a picture or a .npy array, and print its top 5.

    FILE is a .seq file, or an .onnx file, which needs no source and no weights. A picture becomes
    an input as the weights record it (docs/inputs.md); an array is taken as it is. For an output
    that is a map, and for further outputs, the shape and statistics are printed. Without --weights
    the network of a source is freshly initialised, and its answers are arbitrary.
    """
    if save is not None and save.suffix.lower() != ".npy":
        raise click.UsageError(f"{save}: the outputs are saved as a .npy file")
    require_weights_of(ema, weights)
    target = file_target(file)
    model = None if target is None or target.open is None else target
    if model is not None:
        other = engine not in (DEFAULT_ENGINE, model.engine)
        refuse_source_options(
            model, weights=weights, network=network_name, define=defines, engine=other
        )
        engine = model.engine
        prepare = partial(file_subject, model, Path(file), provider, preprocessing, classes)
    else:
        network = load_or_exit(file, network_name, defines, claims=claims)
        prepare = partial(
            source_subject, network, weights, ema, engine, provider, preprocessing, classes
        )
    try:
        subject = prepare()
        how = _preprocessing(subject, inputs)
        batches = (_read(path, subject, how) for path in inputs)  # one at a time in memory
        first = next(batches)
        runner = subject.build()
        outcomes = [runner(batch) for batch in chain([first], batches)]
        results = [_named(subject, outcome) for outcome in outcomes]
        if save is not None:
            _save(save, [outputs["logits"] for outputs in results])
        where = outcomes[0].provider
        if runner.note is not None:
            note(f"{runner.note}; running on {where}")
        say(f"{subject.name}, {subject.origin}, on {ENGINES[engine].title}, {where}")
        for path, outputs in zip(inputs, results, strict=True):
            _require_finite(subject, path, outputs)
        samples = _samples(subject, inputs, results)
        _require_names(subject, samples[0], classes)
    except Failure as failure:
        fail_with(failure)
    click.echo(write_tables(answer_tables(samples, subject.recorded.classes, format), format))


def _preprocessing(subject: Subject, inputs: Sequence[Path]) -> Preprocessing | None:
    """How pictures become inputs: as recorded or given, or else as usual, with a note.

    None where there are no pictures, or the network takes none.
    """
    from seqdsl.backends.inputs.images import is_array, takes_pictures
    from seqdsl.backends.inputs.preprocessing import usual

    if all(map(is_array, inputs)) or not takes_pictures(subject.type):
        return None
    how = subject.recorded.preprocessing
    if how is not None:
        subject.recorded.require_input(subject.type, subject.holder)
        return how
    name, how = usual(subject.type)
    note(
        f"{subject.holder} records no preprocessing; assuming {name}'s: {how} "
        "(--preprocessing sets it)"
    )
    return how


def _read(path: Path, subject: Subject, how: Preprocessing | None) -> Array:
    from seqdsl.backends.inputs.images import read_input

    return read_input(path, subject.type, how)


def _named(subject: Subject, outcome: Outcome) -> Outputs:
    """The outputs that the network returns; the first is called the logits."""
    first, *others = subject.outputs
    return {
        "logits": outcome.outputs[first],
        **{name: outcome.outputs[name] for name in others},
    }


def _samples(subject: Subject, inputs: Sequence[Path], results: Sequence[Outputs]) -> list[Sample]:
    """Each sample with its outputs."""
    samples = []
    for path, outputs in zip(inputs, results, strict=True):
        count = len(outputs["logits"])
        for i in range(count):
            own = {name: values[i] for name, values in outputs.items()}
            if subject.may_be_probabilities:
                own["logits"] = _as_logits(own["logits"])
            samples.append(Sample(str(path), i, count == 1, own))
    return samples


def _require_names(subject: Subject, sample: Sample, given: Path | None) -> None:
    """Raises `Failure` where the classes' names, as a file gave them, are not as many."""
    classes, holder = subject.recorded.classes, str(given or subject.holder)
    count = sample.outputs["logits"].size
    if classes is not None and not (has_classes(sample.outputs) and len(classes) == count):
        message = f"{holder}: it names {len(classes):,} classes, and the network gives {count:,}"
        raise unlocated("preprocessing", f"{message} numbers", holder)


def _as_logits(values: Array) -> Array:
    """The logits of what may be probabilities: not below 0, and 1 in all."""
    import numpy as np

    if (values < 0).any() or abs(values.sum() - 1) > _ROUNDED:
        return values
    return np.log(np.maximum(values, np.finfo(np.float32).tiny))


_ROUNDED = 1e-3  # from 1, by which the sum of probabilities may be off


def _save(path: Path, outputs: list[Array]) -> None:
    """Keeps the logits of all inputs, one sample after another."""
    import numpy as np

    from seqdsl.backends.files import write_whole

    stream = io.BytesIO()
    np.save(stream, np.concatenate(outputs))
    write_whole(path, stream.getvalue())


def _require_finite(subject: Subject, path: Path, outputs: Outputs) -> None:
    from seqdsl.backends.arrays import not_finite

    for name, values in outputs.items():
        bad = not_finite(values)
        if bad:
            raise unlocated(
                "not-finite",
                f"{bad:,} of the {values.size:,} {name} of {subject.name} for {path} are NaN or "
                "infinite",
                path,
                "its weights and its input are not: something overflows float32",
            )
