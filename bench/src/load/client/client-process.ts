/** The load client, a process of its own: its work must not wait for the bench's, nor the bench's for it. */
import type { FromClient, LoadJob, ToClient } from './load-job.ts'
import { runJob } from './run-job.ts'

let stop = new AbortController()

process.on('message', (message: ToClient) => {
  if (message.type === 'stop') stop.abort()
  else void run(message.job)
})
process.on('disconnect', () => process.exit())

async function run(job: LoadJob): Promise<void> {
  stop = new AbortController()
  try {
    const result = await runJob(job, {
      onBegin: () => tell({ type: 'begin' }),
      onEnd: () => tell({ type: 'end' }),
      stop: stop.signal,
    })
    tell({ type: 'result', result })
  } catch (error) {
    tell({ type: 'failure', message: error instanceof Error ? error.message : String(error) })
  }
}

function tell(message: FromClient): void {
  process.send!(message)
}
