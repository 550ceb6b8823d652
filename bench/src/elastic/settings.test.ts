import assert from 'node:assert/strict'
import { parseArgs } from 'node:util'
import { elasticBenchOptions, readElasticSettings, scenarioNames } from './settings.ts'

const settingsOf = (...args: string[]) => readElasticSettings(parseArgs({ args, options: elasticBenchOptions }).values)

describe('the settings of the elastic bench', () => {
  it('run every scenario as it is promised, unless told otherwise', () => {
    const { scenarios, perSecond, replaceAfterMs, slowMs, redisAwaySeconds } = settingsOf()
    assert.deepEqual([...scenarios], [...scenarioNames])
    assert.deepEqual([perSecond, replaceAfterMs, slowMs, redisAwaySeconds], [20, 30_000, 300, 60])
  })

  it('are shorter with --quick, but for what is given', () => {
    const { replaceAfterMs, seconds } = settingsOf('--quick', '--seconds', '7')
    assert.deepEqual([replaceAfterMs, seconds], [4_000, 7])
  })

  it('keep the order of the scenarios', () => {
    assert.deepEqual([...settingsOf('--scenarios', 'redis,scale').scenarios], ['scale', 'redis'])
  })

  it('name what they do not know', () => {
    assert.throws(() => settingsOf('--scenarios', 'flood'), /--scenarios: there is no scenario `flood`/)
    assert.throws(() => settingsOf('--rate', '0'), /--rate: a number above zero, not `0`/)
  })
})
