import assert from 'node:assert/strict'
import { HypershardError, silentLogger } from '@hypershard/common'
import { missingDevice } from '@hypershard/qnet'
import type { EncodingWorkers } from '../encoding/encoding-workers.ts'
import { type StartedWorkers, startWorkers, type WorkersToStart } from './start-workers.ts'

const workers = {} as EncodingWorkers
const setting = 'HYPERSHARD_ENCODER_DEVICE'

describe('starting the workers of an encoder service', () => {
  /** @param failure of a start on a device */
  async function start(
    device: string,
    failure?: HypershardError,
    tokenBudget = 0,
  ): Promise<{ readonly started: StartedWorkers; readonly asked: string[] }> {
    const asked: string[] = []
    const startOne: WorkersToStart['start'] = async ({ device: on }) => {
      asked.push(on === undefined ? 'cpu' : `${on.provider.name} ${on.provider.number}, runs of ${on.runTokens}`)
      if (on !== undefined && failure !== undefined) throw failure
      return workers
    }
    const started = await startWorkers({ device, tokenBudget, log: silentLogger(), start: startOne })
    return { started, asked }
  }

  const missing = missingDevice({ provider: { name: 'cuda', number: 0 }, setting }, new Error('none'))
  const unfit = new HypershardError('invalid_config', 'model tiny does not run there')

  it('takes what is asked for, with batches of its size', async () => {
    const cases = [
      { device: 'cpu', name: 'cpu', batchTokens: 1024, asked: 'cpu' },
      { device: 'webgpu', name: 'webgpu', batchTokens: 4096, asked: 'webgpu 0, runs of 4096' },
      { device: 'cuda:1', name: 'cuda:1', batchTokens: 4096, asked: 'cuda 1, runs of 4096' },
      { device: 'auto', name: 'cuda:0', batchTokens: 4096, asked: 'cuda 0, runs of 4096' },
    ]
    for (const { device, name, batchTokens, asked } of cases) {
      assert.deepEqual(await start(device), { started: { workers, device: name, batchTokens }, asked: [asked] })
    }
    assert.equal((await start('cuda', undefined, 999)).started.batchTokens, 999)
    assert.equal((await start('cpu', undefined, 999)).started.batchTokens, 999)
  })

  it('takes the CPU for auto alone, and only where there is no device', async () => {
    const { started, asked } = await start('auto', missing)
    assert.deepEqual([started.device, started.batchTokens], ['cpu', 1024])
    assert.deepEqual(asked, ['cuda 0, runs of 4096', 'cpu'])
    await assert.rejects(start('cuda', missing), missing)
    await assert.rejects(start('webgpu', missing), missing)
    await assert.rejects(start('auto', unfit), unfit)
  })
})
