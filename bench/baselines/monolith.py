"""A one-process monolith: FastAPI and SQLAlchemy. It looks the session up, inserts the same order and its event in
one transaction, and signs the address. `python -m bench.baselines.monolith PORT`."""

from __future__ import annotations

import datetime as dt
import sys
from typing import Annotated

import sqlalchemy
import uvicorn
from fastapi import FastAPI, Header
from pydantic import BaseModel
from sqlalchemy.orm import Session, sessionmaker

from bench.baselines.shared import DATABASE_URL, Placing, SessionRow, token_hash
from kit.config import read
from kit.outbox import Outbox
from services.payment import models
from services.payment.config import Config
from services.payment.usecases import views

app = FastAPI()
_placing = Placing(read(Config))
_new_session = sessionmaker(sqlalchemy.create_engine(DATABASE_URL, pool_size=40))
_outbox = Outbox(models.outbox, "monolith")


class Body(BaseModel):
    """What the client sends."""

    quote: str


@app.post("/orders", status_code=201)
def place(
    body: Body, authorization: Annotated[str, Header()], idempotency_key: Annotated[str, Header()]
) -> dict[str, str]:
    session: Session
    with _new_session() as session, session.begin():
        payer = session.get(SessionRow, token_hash(authorization.removeprefix("Bearer ")))
        assert payer is not None
        order = _placing.new_order(str(payer.payer_id), body.quote, idempotency_key)
        session.add(_placing.row(order))
        _outbox.add(session.connection(), views.placed(order), order.order_id, dt.datetime.now(dt.UTC))
    return _placing.answer(order)


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
