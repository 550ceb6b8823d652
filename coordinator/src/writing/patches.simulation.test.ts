import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import { casesOf, quietContext } from '@hypershard/harness'
import { MemoryStore } from '@hypershard/harness/stores'
import { WriteLog } from '@hypershard/storage'
import fc from 'fast-check'
import { Catalog } from '../catalog/catalog.ts'
import { appendOperations } from './append-operations.ts'
import { checkOperation } from './check-document.ts'
import { findDocuments } from './find-documents.ts'
import { type GoodLine, LineTally } from './line-tally.ts'
import { WriteGuard } from './write-guard.ts'

type Body = Readonly<Record<string, unknown>>

const ids = fc.constantFrom('a', 'b', 'c')
const value = fc.integer({ min: 0, max: 9 })
const change = fc.record({ x: fc.option(value), y: value, text: fc.constantFrom('one', 'two') }, { requiredKeys: [] })

/** One line of a write, as JSON has it. */
const line: fc.Arbitrary<Body> = fc.oneof(
  {
    arbitrary: fc.record({ id: ids, changes: change }).map(({ id, changes }) => ({ ...changes, id, _op: 'patch' })),
    weight: 3,
  },
  { arbitrary: fc.record({ id: ids, text: fc.constant('put'), x: value }), weight: 2 },
  { arbitrary: fc.record({ id: ids, _op: fc.constant('delete') }), weight: 1 },
)

/** Writes that are made at the same time, in several rounds. */
const histories = fc.array(fc.array(fc.array(line, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 }), {
  minLength: 1,
  maxLength: 3,
})

/** What documents are: a line changes one after the other, and a patch of nothing fails. */
function applyTo(documents: Map<string, Body>, lines: readonly Body[]): number[] {
  const failed: number[] = []
  for (const [at, { id, _op, ...changes }] of lines.entries()) {
    const known = documents.get(id as string)
    if (_op === 'delete') documents.delete(id as string)
    else if (_op !== 'patch') documents.set(id as string, changes)
    else if (known === undefined) failed.push(at + 1)
    else {
      const merged = Object.entries({ ...known, ...changes }).filter(([, one]) => one !== null)
      documents.set(id as string, Object.fromEntries(merged))
    }
  }
  return failed
}

describe('patches, puts and deletes that are written at the same time', () => {
  it('happen in the order of the log, each on what the one before it left', async () => {
    const property = fc.asyncProperty(histories, async rounds => {
      const store = new MemoryStore()
      const catalog = await Catalog.load(store)
      const model = { name: 'words', digest: 'ab'.repeat(32) }
      const entry = await catalog.create(
        { name: 'papers', model, vectorWidth: 3, shards: 2, replicas: 1 },
        Deadline.after(60_000),
      )
      const guard = new WriteGuard(store, { lagMax: 1_000, freeShareMin: 0 })
      const written: {
        readonly sequence: number
        readonly lines: readonly Body[]
        readonly failed: readonly number[]
      }[] = []
      const write = async (lines: readonly Body[]) => {
        // Each by a coordinator of its own.
        const log = new WriteLog(store, entry.record)
        const tally = new LineTally()
        async function* checked() {
          for (const [at, body] of lines.entries()) yield { line: at + 1, ...checkOperation(body, {}) } as GoodLine
        }
        const rules = { fields: {}, vectors: undefined }
        const input = { entry, lines: checked(), rules, idempotencyKey: undefined }
        const { sequence } = await appendOperations(input, { store, log, guard, tally }, quietContext())
        const failed = tally.errors.map(error => error.line)
        assert.ok(tally.errors.every(({ code }) => code === 'document_not_found'))
        if (sequence !== null) written.push({ sequence, lines, failed })
        else assert.equal(failed.length, lines.length, 'nothing is written of lines that all fail')
      }
      for (const round of rounds) await Promise.all(round.map(write))
      const expected = new Map<string, Body>()
      for (const { lines, failed } of written.sort((one, other) => one.sequence - other.sequence)) {
        assert.deepEqual(failed, applyTo(expected, lines))
      }
      const { documents } = await findDocuments(store, entry.manifest, new Set(['a', 'b', 'c']))
      const found = [...documents.values()].map(({ id, text, fields }) => [id, { text, ...JSON.parse(fields) }])
      assert.deepEqual(Object.fromEntries(found), Object.fromEntries(expected))
    })
    await fc.assert(property, { numRuns: casesOf({ usual: 25, thorough: 300 }) })
  })
})
