"""The engine runs on uvloop, and on asyncio's own loop where that is all there is: both are tested."""

import asyncio

import uvloop


def pytest_asyncio_loop_factories(config, item):
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}
