"""Tickets for a hall: a FastAPI application with SQLAlchemy, for many requests at once.

    uvicorn app:app                                    # needs fastapi and uvicorn; the file is tickets.db, or TICKETS_DATABASE

FastAPI calls these functions, which are not coroutines, in threads: as many transactions run side by side. Two that take seats of one show
meet at its row; the later commit fails with SerializationError, and `run_transaction` runs that function again. So nothing is sold twice
although no row is ever locked, and shows that sell at the same time do not hinder each other.

`load.py` drives it with many clients; the tests run both.
"""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import orm

from aerodb_dbapi.compat.sqlalchemy import run_transaction


class Base(orm.DeclarativeBase):
    """The tables."""


class Show(Base):
    """An evening with so many seats."""

    __tablename__ = "show"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    title: orm.Mapped[str] = orm.mapped_column(sa.String(100), unique=True)
    seats: orm.Mapped[int]
    free: orm.Mapped[int] = orm.mapped_column(sa.CheckConstraint("free >= 0"))
    orders: orm.Mapped[list[Order]] = orm.relationship(back_populates="show")


class Order(Base):
    """Seats that somebody bought."""

    __tablename__ = "purchase"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    show_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("show.id"), index=True)
    customer: orm.Mapped[str] = orm.mapped_column(sa.String(100))
    number: orm.Mapped[int]
    show: orm.Mapped[Show] = orm.relationship(back_populates="orders")


class NewShow(BaseModel):
    """What the manager gives."""

    title: str
    seats: int = Field(gt=0)


class Wish(BaseModel):
    """What a customer gives."""

    customer: str
    number: int = Field(default=1, gt=0)


def database_url() -> str:
    """The file to use."""
    return f"aerodb:///{os.environ.get('TICKETS_DATABASE', 'tickets.db')}?foreign_keys=true"


def make_app(url: str) -> FastAPI:
    """The application on a database."""
    # A connection for each thread that may have a request, and none more.
    engine = sa.create_engine(url, pool_size=40, max_overflow=0)
    sessions = orm.sessionmaker(engine)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> Any:
        """Make the tables; close the file at the end."""
        Base.metadata.create_all(engine)
        yield
        engine.dispose()

    app = FastAPI(lifespan=lifespan, title="Tickets")

    @app.post("/shows", status_code=201)
    def announce(new: NewShow) -> dict[str, int]:
        """A new show."""

        def work(session: orm.Session) -> int:
            show = Show(title=new.title, seats=new.seats, free=new.seats)
            session.add(show)
            session.flush()
            return show.id

        try:
            return {"id": run_transaction(sessions, work)}
        except sa.exc.IntegrityError:
            raise HTTPException(409, "there is a show of that title") from None

    @app.post("/shows/{show_id}/orders", status_code=201)
    def buy(show_id: int, wish: Wish) -> dict[str, int]:
        """Take seats, if there are as many."""

        def work(session: orm.Session) -> tuple[int, int]:
            # Read anew in every attempt: what an attempt before has read may not be so any more.
            show = session.get(Show, show_id)
            if show is None:
                raise HTTPException(404, "no such show")
            if show.free < wish.number:
                raise HTTPException(409, "sold out")
            show.free -= wish.number
            order = Order(show=show, customer=wish.customer, number=wish.number)
            session.add(order)
            session.flush()
            return order.id, show.free

        order_id, free = run_transaction(sessions, work)
        return {"id": order_id, "free": free}

    @app.get("/shows")
    def shows() -> list[dict[str, Any]]:
        """Every show with what is sold. Two questions, one state: what a session reads between two commits is that of its first."""
        with sessions() as session:
            number = sa.func.sum(Order.number)
            sold = dict(session.execute(sa.select(Order.show_id, number).group_by(Order.show_id)).tuples().all())
            return [
                {"id": s.id, "title": s.title, "seats": s.seats, "free": s.free, "sold": sold.get(s.id, 0)}
                for s in session.scalars(sa.select(Show).order_by(Show.id))
            ]

    return app


def __getattr__(name: str) -> Any:
    """`app`, made when a server asks for it."""
    if name == "app":
        return make_app(database_url())
    raise AttributeError(name)
