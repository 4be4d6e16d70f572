"""node-opcua-client, somebody else's OPC UA stack, reads the demo's OPC UA server (mbpoll reads the Modbus one: test_faults.py).

``scripts/judges.sh`` installs it.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from pathlib import Path

import pytest

from realtime.simulators.servers import URI, OpcuaSimulator, opcua_devices
from tests.ingest.support import quiet_port

CLIENT = Path(__file__).parents[2] / "var" / "judges" / "node" / "node_modules" / "node-opcua-client"
SCRIPT = """
const { OPCUAClient, AttributeIds, TimestampsToReturn } = require(process.argv[1])
const [url, uri, ...names] = process.argv.slice(2)
const judge = async () => {
  const client = OPCUAClient.create({ connectionStrategy: { maxRetry: 2 }, endpointMustExist: false })
  await client.connect(url)
  const session = await client.createSession()
  const index = (await session.readNamespaceArray()).indexOf(uri)
  const nodes = names.map((name) => ({ nodeId: `ns=${index};s=${name}`, attributeId: AttributeIds.Value }))
  const read = await session.read(nodes)
  const subscription = await session.createSubscription2({ requestedPublishingInterval: 50, publishingEnabled: true })
  const item = await subscription.monitor(nodes[0], { samplingInterval: 0, queueSize: 10 }, TimestampsToReturn.Both)
  const values = []
  const heard = await new Promise((resolve) => item.on('changed', (d) => values.push(d.value.value) >= 3 && resolve(values)))
  console.log(JSON.stringify({ heard, read: read.map((d) => [d.statusCode.name, d.value.value, d.sourceTimestamp]) }))
  await session.close()
  await client.disconnect()
}
judge().catch((error) => { console.error(error); process.exit(1) })
"""


@pytest.mark.skipif(not CLIENT.exists(), reason="node-opcua-client is not installed: scripts/judges.sh")
async def test_node_opcua_reads_the_simulator_and_hears_its_changes(tmp_path: Path) -> None:
    points = opcua_devices()[:5]
    server = OpcuaSimulator(quiet_port(), points)
    await server.start()

    async def live() -> None:
        while True:
            await server.advance()
            await asyncio.sleep(0.1)

    living = asyncio.create_task(live())
    try:
        judge = await asyncio.create_subprocess_exec(
            "node", "-e", SCRIPT, str(CLIENT), server.url, URI, *(p.tag for p in points),
            env=os.environ | {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)},  # it makes itself a certificate
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        said, complained = await asyncio.wait_for(judge.communicate(), 120)
    finally:
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)
        await server.stop()
    assert judge.returncode == 0, complained.decode()
    found = json.loads(next(line for line in said.decode().splitlines() if line.startswith("{")))
    assert len(found["read"]) == len(points) and len(set(found["heard"])) > 1
    for point, (status, value, at) in zip(points, found["read"], strict=True):
        assert status == "Good" and at and point.low <= value <= point.high
