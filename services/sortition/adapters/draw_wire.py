"""Draws as protobuf messages, and back."""

from __future__ import annotations

from borgerting.sortition.v1 import draw_service_pb2 as pb
from chassis.text import Catalogue
from services.sortition.adapters.wire import timestamp
from services.sortition.app import views
from services.sortition.app.ports import StoredFileInfo
from services.sortition.app.present import is_public
from services.sortition.domain.draw import DrawMethod, DrawMode, DrawState

STATES = {state: pb.Draw.State.Value(f"STATE_{state.value}") for state in DrawState}
_MODES = {DrawMode.PUBLIC: pb.Draw.MODE_PUBLIC, DrawMode.SEEDED: pb.Draw.MODE_SEEDED}
_METHODS = {
    DrawMethod.LEXIMIN: pb.Draw.METHOD_LEXIMIN,
    DrawMethod.MAXIMIN: pb.Draw.METHOD_MAXIMIN,
    DrawMethod.LEGACY: pb.Draw.METHOD_LEGACY,
}
_MODES_BACK = {number: mode for mode, number in _MODES.items()}
_METHODS_BACK = {number: method for method, number in _METHODS.items()}


def mode_of(number: pb.Draw.Mode.ValueType) -> DrawMode:
    """Public where nothing was said."""
    return _MODES_BACK.get(number, DrawMode.PUBLIC)


def method_of(number: pb.Draw.Method.ValueType) -> DrawMethod:
    """Leximin where nothing was said."""
    return _METHODS_BACK.get(number, DrawMethod.LEXIMIN)


def draw_to_proto(view: views.DrawView, words: Catalogue) -> pb.Draw:
    draw = view.draw
    failure = None
    if draw.failure_reason:
        message = words.error(draw.failure_reason, draw.failure_metadata)
        failure = pb.DrawFailure(reason=draw.failure_reason, message=message)
    return pb.Draw(
        name=draw.name,
        mode=_MODES[draw.mode],
        method=_METHODS[draw.method],
        panels=draw.panels,
        seed=draw.seed if draw.mode is DrawMode.SEEDED else "",
        state=STATES[draw.state],
        progress=pb.DrawProgress(stage=view.stage, figures=dict(view.progress)) if view.stage else None,
        failure=failure,
        input_digest=draw.input_digest,
        size=draw.size,
        pool_size=draw.pool_size,
        number=draw.number,
        randomness=draw.randomness,
        files=[file_info(draw.name, info, public=is_public(draw, info)) for info in view.files],
        create_time=timestamp(draw.create_time),
        ready_time=timestamp(draw.ready_time),
        commit_time=timestamp(draw.commit_time),
        reveal_time=timestamp(draw.reveal_time),
        publish_time=timestamp(draw.publish_time),
        cancel_time=timestamp(draw.cancel_time),
        etag=view.etag,
        announced=draw.announced,
        note=draw.note,
    )


def file_info(draw_name: str, info: StoredFileInfo, *, public: bool) -> pb.FileInfo:
    return pb.FileInfo(
        name=f"{draw_name}/files/{info.filename}",
        filename=info.filename,
        media_type=info.media_type,
        size_bytes=info.size,
        sha256=info.sha256,
        public=public,
    )


def draw_file_to_proto(file: views.DrawFileView) -> pb.DrawFile:
    name = f"{file.draw}/files/{file.filename}"
    return pb.DrawFile(
        name=name,
        info=pb.FileInfo(
            name=name,
            filename=file.filename,
            media_type=file.media_type,
            size_bytes=len(file.content),
            sha256=file.sha256,
            public=file.public,
        ),
        content=file.content,
    )


def published_to_proto(draw: views.PublishedDraw) -> pb.PublishedDraw:
    return pb.PublishedDraw(
        name=draw.name,
        title=draw.title,
        purpose=draw.purpose,
        state=STATES[draw.state],
        mode=_MODES[draw.mode],
        method=_METHODS[draw.method],
        pool_size=draw.pool_size,
        size=draw.size,
        panels=draw.panels,
        per_address=draw.per_address or 0,
        values=[
            pb.PublishedValue(
                feature=v.target.feature,
                value=v.target.value,
                minimum=v.target.minimum,
                maximum=v.target.maximum,
                reason=v.target.reason,
                pool=v.pool,
                panel=v.panel,
            )
            for v in draw.values
        ],
        lowest_chance=draw.lowest_chance,
        highest_chance=draw.highest_chance,
        optimal_lowest_chance=float(draw.optimal_lowest) if draw.optimal_lowest else None,
        chances=[pb.ChanceGroup(chance=g.panels / draw.panels, people=g.people) for g in draw.chances],
        unreachable_people=draw.unreachable,
        number=draw.number,
        randomness=draw.randomness,
        outcome=draw.outcome,
        files=[file_info(draw.name, info, public=True) for info in draw.files],
        commit_time=timestamp(draw.commit_time),
        reveal_time=timestamp(draw.reveal_time),
        publish_time=timestamp(draw.publish_time),
        cancel_time=timestamp(draw.cancel_time),
        announced=draw.announced,
        note=draw.note,
    )


def receipt_to_proto(check: views.ReceiptCheck) -> pb.CheckReceiptResponse:
    return pb.CheckReceiptResponse(
        random_id=check.random_id,
        commitment=check.commitment,
        panels_with=check.panels_with,
        panels=check.panels,
        chance=check.panels_with / check.panels,
        drawn=check.drawn,
    )


def draw_state_to_proto(state: views.DrawStateView) -> pb.DrawState:
    return pb.DrawState(
        name=state.name,
        state=STATES[state.state],
        failure_reason=state.failure_reason,
        attempts=state.attempts,
        create_time=timestamp(state.create_time),
        update_time=timestamp(state.update_time),
    )
