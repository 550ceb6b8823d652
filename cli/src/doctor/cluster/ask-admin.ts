import { readText, sendRequest } from '@hypershard/client/node'
import { messageOf } from '@hypershard/common'

/** What an admin listener says. */
export interface AdminFacts {
  readonly address: string
  /** Undefined of one that does not answer. */
  readonly alive: boolean | undefined
  /** Undefined while the process is ready. */
  readonly notReady: string | undefined
}

const answerMsMax = 5_000

/** @param address `host:port` of a process's admin listener */
export async function askAdmin(address: string): Promise<AdminFacts> {
  try {
    const alive = await get(address, '/healthz')
    const ready = await get(address, '/readyz')
    return { address, alive: alive.status === 200, notReady: ready.status === 200 ? undefined : ready.text }
  } catch (error) {
    return { address, alive: undefined, notReady: messageOf(error) }
  }
}

async function get(address: string, path: string): Promise<{ status: number; text: string }> {
  const url = new URL(path, `http://${address}`)
  const request = { url, method: 'GET', signal: AbortSignal.timeout(answerMsMax) }
  const answer = await sendRequest(request)
  return { status: answer.statusCode ?? 0, text: (await readText(answer, request)).trim() }
}
