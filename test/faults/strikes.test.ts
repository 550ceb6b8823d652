import assert from 'node:assert/strict'
import { Random } from '@hypershard/harness'
import { chooseStrike, type Target } from './strikes.ts'

const fixed = ['encoder', 'encoder-2', 'shard-1', 'shard-2', 'coordinator', 'indexer']

function draw(names: readonly string[], redis: boolean): { name: string; spares: boolean }[] {
  const processes = names.map(name => ({ name, address: `${name}:1`, pid: 1, logPath: '', kill: () => undefined }))
  const target = { cluster: { processes }, redis: redis ? {} : undefined } as unknown as Target
  const random = new Random(1)
  return Array.from({ length: 1_000 }, () => chooseStrike(target, random))
}

const has = (strikes: readonly { name: string }[], pattern: RegExp) => strikes.some(({ name }) => pattern.test(name))

describe('what strikes a cluster', () => {
  it('is of every kind that is possible, and of no other', () => {
    for (const [names, possible, impossible] of [
      [
        fixed,
        [/another shard/, /loss of shard-2/, /loss of encoder-2/, /drain/, /FLUSHALL/, /SIGSTOP of redis/],
        [/SIGTERM/],
      ],
      [[...fixed, 'shard-7', 'shard-9'], [/SIGTERM of shard-9/, /SIGKILL of shard-7/], [/another shard/]],
      [fixed.filter(name => name !== 'encoder'), [/SIGKILL of indexer/], [/loss of encoder/]],
    ] as const) {
      const drawn = draw(names, true)
      for (const pattern of possible) assert.ok(has(drawn, pattern), `${pattern}`)
      for (const pattern of impossible) assert.ok(!has(drawn, pattern), `${pattern}`)
    }
  })

  it('is what a fixed list of servers allows where there is no Redis', () => {
    const drawn = draw(fixed, false)
    assert.ok(
      has(drawn, /SIGKILL of shard-1/) && has(drawn, /SIGSTOP of coordinator/) && has(drawn, /drain of shard-2/),
    )
    assert.ok(!has(drawn, /redis|another|loss|SIGTERM/))
  })

  it('must not be noticed unless it is the coordinator', () => {
    for (const { name, spares } of draw(fixed, true)) assert.equal(spares, !name.includes('coordinator'), name)
  })
})
