import assert from 'node:assert/strict'
import { parseArgs } from 'node:util'
import { loadBenchOptions, partNames, readSettings } from './settings.ts'

const settingsOf = (...args: string[]) => readSettings(parseArgs({ args, options: loadBenchOptions }).values)

describe('the settings of the load bench', () => {
  it('measure every part at every size unless told otherwise', () => {
    const { parts, documents, clients } = settingsOf()
    assert.deepEqual([...parts], [...partNames])
    assert.deepEqual([...documents], [1_000, 10_000, 50_000, 200_000])
    assert.deepEqual([...clients], [1, 8, 16, 32, 64])
  })

  it('are smaller with --quick, but for what is given', () => {
    const { documents, rounds } = settingsOf('--quick', '--rounds', '2')
    assert.deepEqual([...documents], [1_000, 3_000])
    assert.equal(rounds, 2)
  })

  it('keep the order of the parts and of the sizes, whatever order they are named in', () => {
    const { parts, documents } = settingsOf('--only', 'sizes,new', '--documents', '300,200')
    assert.deepEqual([...parts], ['new', 'sizes'])
    assert.deepEqual([...documents], [200, 300])
  })

  it('name what they do not know', () => {
    assert.throws(() => settingsOf('--only', 'old'), /--only: there is no part `old`; choose from indexing,new/)
    for (const number of ['0', 'x', '']) {
      assert.throws(() => settingsOf('--clients', `1,${number}`), /--clients: numbers above zero/)
    }
  })
})
