"""Sell out some shows with many clients at once, and check the books: `python load.py`.

The clients talk to the application in this process (ASGI); it serves them in as many threads as FastAPI has.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
from app import make_app


async def sell(url: str, clients: int, requests: int, shows: int, seats: int) -> dict[str, Any]:
    """Announce shows, let clients buy at random and readers look, and say what came of it."""
    app = make_app(url)
    answers: Counter[int] = Counter()
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://hall", timeout=120) as http,
    ):
        for number in range(shows):
            answer = await http.post("/shows", json={"title": f"Evening {number}", "seats": seats})
            assert answer.status_code == 201, answer.text
        ids = [show["id"] for show in (await http.get("/shows")).json()]

        async def client(number: int) -> int:
            dice = random.Random(number)
            bought = 0
            for _ in range(requests):
                wish = {"customer": f"client {number}", "number": dice.randint(1, 3)}
                answer = await http.post(f"/shows/{dice.choice(ids)}/orders", json=wish)
                answers[answer.status_code] += 1
                if answer.status_code == 201:
                    bought += wish["number"]
            return bought

        async def reader() -> int:
            looks = 0
            while not done.is_set():
                for show in (await http.get("/shows")).json():
                    # In one state the seats that are left and those sold are all there are.
                    assert show["free"] + show["sold"] == show["seats"], show
                looks += 1
            return looks

        done = asyncio.Event()
        looking = asyncio.create_task(reader())
        bought = await asyncio.gather(*map(client, range(clients)))
        done.set()
        looks = await looking
        books = (await http.get("/shows")).json()
    return {"answers": answers, "bought": sum(bought), "sold": sum(show["sold"] for show in books), "looks": looks}


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--requests", type=int, default=10)
    parser.add_argument("--shows", type=int, default=3)
    parser.add_argument("--seats", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(sell(f"aerodb:///{Path(folder, 'tickets.db')}?foreign_keys=true", **vars(options)))
    answers = found["answers"]
    assert set(answers) <= {201, 409}, answers
    assert found["bought"] == found["sold"] <= options.shows * options.seats
    print(f"{answers[201]} orders, {answers[409]} refused; {found['sold']} seats sold, none twice")
    print(f"readers looked {found['looks']} times and saw the books balanced")


if __name__ == "__main__":
    main()
