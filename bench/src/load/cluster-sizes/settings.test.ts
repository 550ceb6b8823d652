import assert from 'node:assert/strict'
import { parseArgs } from 'node:util'
import { loadBenchOptions } from '../settings.ts'
import { clusterSizesOptions, readClusterSizes } from './settings.ts'

const options = { ...loadBenchOptions, ...clusterSizesOptions }
const settingsOf = (...args: string[]) => readClusterSizes(parseArgs({ args, options }).values)

describe('the settings of the load bench over several servers', () => {
  it('give each server as many documents and shards, and replace one that is gone as a cluster does by itself', () => {
    const { servers, encoders, documentsPerServer, shardsPerServer, replaceAfterMs } = settingsOf('--cluster', '4,1,2')
    assert.deepEqual([...servers], [1, 2, 4])
    assert.deepEqual([...encoders], [1, 2])
    assert.deepEqual([documentsPerServer, shardsPerServer, replaceAfterMs], [1_000, 2, 30_000])
  })

  it('select parts of their own', () => {
    assert.deepEqual([...settingsOf('--cluster', '2', '--only', 'loss,work').parts], ['work', 'loss'])
    assert.throws(() => settingsOf('--cluster', '2', '--only', 'plans'), /with --cluster there is no part `plans`/)
  })

  it('are smaller with --quick, but for what is given', () => {
    const { documentsPerServer, seconds } = settingsOf('--cluster', '1', '--quick', '--seconds', '3')
    assert.deepEqual([documentsPerServer, seconds], [250, 3])
  })

  it('name what they do not know', () => {
    assert.throws(() => settingsOf('--cluster', 'many'), /--cluster: numbers above zero/)
  })
})
