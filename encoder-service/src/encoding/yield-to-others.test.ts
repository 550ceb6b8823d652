import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { niceSteps } from './yield-to-others.ts'

/** In a thread of its own: its niceness before and after. */
const code = `
  import { readFileSync } from 'node:fs'
  import { parentPort, workerData } from 'node:worker_threads'
  const { yieldToOthers } = await import(workerData.module)
  yieldToOthers()
  parentPort.postMessage(readFileSync('/proc/thread-self/stat', 'utf8'))
`

/** The field after the command, which may hold anything, is the third; niceness is the 19th (proc_pid_stat(5)). */
function nicenessIn(stat: string): number {
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
}

describe('yielding to others', () => {
  it('lowers the priority of the calling thread alone', async function () {
    if (process.platform !== 'linux') this.skip()
    const own = nicenessIn(readFileSync('/proc/thread-self/stat', 'utf8'))
    const module = new URL('./yield-to-others.ts', import.meta.url).href
    const source = `data:text/javascript,${encodeURIComponent(code)}`
    const worker = new Worker(new URL(source), { workerData: { module } })
    const [stat] = await once(worker, 'message')
    assert.equal(nicenessIn(stat), Math.min(19, own + niceSteps))
    assert.equal(nicenessIn(readFileSync('/proc/thread-self/stat', 'utf8')), own)
  })
})
