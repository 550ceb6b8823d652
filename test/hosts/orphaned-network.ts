/** A process with a network of hosts that its test kills: it says what runs there and waits. */
import { HostNetwork } from '@hypershard/harness/hosts'

const network = await HostNetwork.open()
const host = await network.addHost('orphan')
// Nothing that ends by itself once its parent is gone.
const running = host.start(['sleep', '1000000'])
process.stdout.write(`${JSON.stringify({ pid: process.pid, running: running.pid })}\n`)
