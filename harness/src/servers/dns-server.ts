import { once } from 'node:events'
import dns2 from 'dns2'

/** A real DNS server of a test's own, by UDP on the loopback. */
export interface DnsServer {
  /** `host:port`. */
  readonly address: string
  /** What it answers, changed as the test goes: addresses of IPv4 and IPv6 by name. A name that is not in it is unknown. */
  readonly names: Map<string, readonly string[]>
  /** Questions for addresses of these families are answered with a failure of the server. */
  readonly failing: Set<4 | 6>
  /** Questions so far. */
  readonly asked: number
  stop(): Promise<void>
}

const failureOfServer = 2
const unknownName = 3

export async function startDnsServer(): Promise<DnsServer> {
  const names = new Map<string, readonly string[]>()
  const failing = new Set<4 | 6>()
  let asked = 0
  const server = dns2.createUDPServer((request, send) => {
    asked++
    const { name, type } = request.questions[0]!
    const answer = dns2.Packet.createResponseFromRequest(request)
    const addresses = names.get(name.toLowerCase())
    const known = addresses === undefined ? unknownName : 0
    answer.header.rcode = failing.has(type === dns2.Packet.TYPE.A ? 4 : 6) ? failureOfServer : known
    for (const address of answer.header.rcode === 0 ? addresses! : []) {
      const own = address.includes(':') ? dns2.Packet.TYPE.AAAA : dns2.Packet.TYPE.A
      if (own !== type) continue
      const record = new dns2.Packet.Resource(name, type, dns2.Packet.CLASS.IN, 60)
      answer.answers.push(Object.assign(record, { address }))
    }
    void send(answer)
  })
  await server.listen(0, '127.0.0.1')
  const running: DnsServer = {
    address: `127.0.0.1:${server.address().port}`,
    names,
    failing,
    get asked() {
      return asked
    },
    stop: async () => {
      server.close()
      await once(server, 'close')
    },
  }
  return running
}
