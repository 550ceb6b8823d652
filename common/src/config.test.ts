import assert from 'node:assert/strict'
import { z } from 'zod'
import { commaList, hostAndPort, readConfig, wholeNumber } from './config.ts'

const shape = {
  HYPERSHARD_TEST_LISTEN: hostAndPort().default('127.0.0.1:0'),
  HYPERSHARD_TEST_THREADS: wholeNumber({ min: 1, max: 8 }).default(2),
  HYPERSHARD_STORE: z.string({ error: 'is required' }),
} as const

describe('readConfig', () => {
  it('reads, converts and freezes', () => {
    const config = readConfig(shape, { HYPERSHARD_STORE: '/data', HYPERSHARD_TEST_THREADS: '4', PATH: '/bin' })
    assert.deepEqual(config, {
      HYPERSHARD_STORE: '/data',
      HYPERSHARD_TEST_THREADS: 4,
      HYPERSHARD_TEST_LISTEN: '127.0.0.1:0',
    })
    assert(Object.isFrozen(config))
  })

  it('takes an empty variable for one that is not set', () => {
    assert.equal(
      readConfig(shape, { HYPERSHARD_STORE: '/data', HYPERSHARD_TEST_THREADS: '' }).HYPERSHARD_TEST_THREADS,
      2,
    )
  })

  it('reports every problem in one go', () => {
    const environment = { HYPERSHARD_TEST_LISTEN: 'nowhere', HYPERSHARD_TEST_THREADS: '9', HYPERSHARD_TEST_TREADS: '4' }
    assert.throws(
      () => readConfig(shape, environment),
      (error: { code: string; details: { problems: string[] } }) => {
        assert.equal(error.code, 'invalid_config')
        assert.deepEqual(error.details.problems, [
          'HYPERSHARD_TEST_LISTEN: must be host:port',
          'HYPERSHARD_TEST_THREADS: must be at most 8',
          'HYPERSHARD_STORE: is required',
          'HYPERSHARD_TEST_TREADS: no such setting; docs/config.md lists them',
        ])
        return true
      },
    )
  })

  it("lets other processes' settings stand in the same environment", () => {
    const environment = { HYPERSHARD_STORE: '/data', HYPERSHARD_OTHER: 'x' }
    assert.equal(readConfig(shape, environment, ['HYPERSHARD_TEST_']).HYPERSHARD_STORE, '/data')
  })

  for (const text of ['-1', '1.5', '0x10', 'four', ' 3']) {
    it(`does not take "${text}" for a whole number`, () => {
      assert.equal(wholeNumber({ min: 0, max: 100 }).safeParse(text).success, false)
    })
  }

  it('reads a list, and refuses an empty one', () => {
    assert.deepEqual(commaList().parse('a:1, b:2,'), ['a:1', 'b:2'])
    assert.equal(commaList().safeParse(' , ').success, false)
  })
})
