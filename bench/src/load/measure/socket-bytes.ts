import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Payload of TCP connections, as the kernel counts it. */
export interface SocketBytes {
  /** What the server at the port was sent, and what it sent, on the connections that are open. */
  readonly toServer: number
  readonly fromServer: number
}

/** By port of the server; undefined where `ss` of iproute2 is not installed. */
export async function readSocketBytes(): Promise<ReadonlyMap<number, SocketBytes> | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ss', ['-tinH', 'state', 'established'])
    return socketBytesIn(stdout)
  } catch {
    return undefined
  }
}

/**
 * Of the two lines that `ss -tinH state established` prints of each connection: queues and both ends, then facts, of
 * which `bytes_sent:` and `bytes_received:` are left out while they are zero. On loopback both ends are listed; the
 * server's is the one whose port is asked for.
 */
export function socketBytesIn(output: string): Map<number, SocketBytes> {
  const found = new Map<number, SocketBytes>()
  let port: number | undefined
  for (const line of output.split('\n')) {
    const ends = /^\s*(?:ESTAB\s+)?\d+\s+\d+\s+\S+:(\d+)\s/.exec(line)
    if (ends !== null) {
      port = Number(ends[1])
    } else if (port !== undefined && line.trim() !== '') {
      const before = found.get(port) ?? { toServer: 0, fromServer: 0 }
      found.set(port, {
        toServer: before.toServer + factIn(line, 'bytes_received'),
        fromServer: before.fromServer + factIn(line, 'bytes_sent'),
      })
      port = undefined
    }
  }
  return found
}

function factIn(line: string, name: string): number {
  return Number(new RegExp(`\\b${name}:(\\d+)`).exec(line)?.[1] ?? 0)
}
