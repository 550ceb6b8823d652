import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isFailure } from '@hypershard/common'
import { tinyEncoder, writeTinyModel } from '@hypershard/harness/qnets'
import { GraphBuilder, loadModelDirectory, type ModelDirectory } from '@hypershard/qnet'
import { QueryModel } from '../encoding/query-model.ts'
import { type Interpretation, openInterpreter } from './interpreter.ts'

async function interpret(model: QueryModel, text: string): Promise<Interpretation> {
  const [answer] = await model.encodeQueries([{ text, wish: { form: 'tokenStates' }, interpret: true }])
  assert(answer !== undefined && !isFailure(answer) && answer.interpretation !== undefined)
  return answer.interpretation
}

/** Takes the tags of a token, and the odds, from its state. */
function stateReader(): Uint8Array {
  const graph = new GraphBuilder('state-reader')
  graph.input('token_states', 'float32', ['texts', 'tokens', 16])
  const [from, to, end, axis] = [0, 4, 5, 2].map(at => graph.constant(`at_${at}`, BigInt64Array.of(BigInt(at)), [1]))
  graph.output(graph.node('Slice', ['token_states', from!, to!, axis!], 'log_tags'), 'float32', ['texts', 'tokens', 4])
  const odds = graph.node('Slice', ['token_states', to!, end!, axis!], 'odds_of_tokens')
  const both = graph.constant('both', BigInt64Array.of(1n, 2n), [2])
  const options = { attributes: { keepdims: 0 } }
  graph.output(graph.node('ReduceMax', [odds, both], 'odds', options), 'float32', ['texts'])
  return graph.build()
}

describe('an interpreter', () => {
  let parent: string
  before(async () => {
    parent = await mkdtemp(join(tmpdir(), 'hypershard-interpreter-'))
  })
  after(() => rm(parent, { recursive: true }))

  describe('of a model that splits at each "or"', () => {
    let directory: ModelDirectory
    let model: QueryModel
    before(async () => {
      directory = await loadModelDirectory((await writeTinyModel(parent, { interprets: true })).path)
      model = await QueryModel.open(directory, { threads: 1 })
    })

    it('gives the pieces in code points, and how sure it is', async () => {
      const text = '🦊 tails or 🦊 ears'
      const found = await interpret(model, text)
      assert.deepEqual(found.pieces, [[{ begin: 0, end: 7 }], [{ begin: 11, end: 17 }]])
      assert(found.confidence > 0.99)
    })

    it('leaves a text as it is that is one need', async () => {
      assert.deepEqual(await interpret(model, 'stars twinkle'), { pieces: [], confidence: 0 })
    })

    it('leaves a text as it is whose last piece would be cut', async () => {
      const long = `${'ab '.repeat(20)}or ${'cd '.repeat(20)}`
      assert.deepEqual(await interpret(model, long), { pieces: [], confidence: 0 })
    })

    it('tells how sure it is and gives no pieces below its threshold', async () => {
      const { settings, graph } = directory.interpreter!
      const doubtful = { ...directory, interpreter: { graph, settings: { ...settings, threshold: 1 } } }
      const { pieces, confidence } = await interpret(await QueryModel.open(doubtful, { threads: 1 }), 'ab or cd')
      assert.deepEqual([pieces, confidence > 0.99], [[], true])
    })

    it('is as sure as the least sure of the words, and no surer than that there are pieces at all', async () => {
      const { settings } = directory.interpreter!
      const interpreter = (await openInterpreter({ ...directory, interpreter: { settings, graph: stateReader() } }))!
      const words = [0, 3, 6].map((begin, token) => ({ begin, end: begin + 2, token }))
      const states = new Float32Array(3 * 16)
      const rows = [
        [-9, -9, -0.1, -9],
        [-0.7, -9, -9, -9],
        [-9, -9, -0.2, -9],
      ]
      for (const [token, row] of rows.entries()) states.set([...row, 1.5], token * 16)
      const { confidence } = await interpreter.interpret('ab or cd', words, states)
      assert(Math.abs(confidence - Math.exp(-0.7) / (1 + Math.exp(-1.5))) < 1e-6)
    })

    it('is not asked of a query that does not want it, and changes nothing else of one that does', async () => {
      const work = { text: 'ab or cd', wish: { form: 'tokenStates' } } as const
      const [without, beside] = await model.encodeQueries([work, { ...work, interpret: true }])
      assert(without !== undefined && beside !== undefined && !isFailure(beside))
      const { interpretation, ...rest } = beside
      assert.equal(interpretation?.pieces.length, 2)
      assert.deepEqual(without, rest)
    })

    it('is refused by its file where its graph is none of an interpreter', async () => {
      const { settings } = directory.interpreter!
      const narrow = new GraphBuilder('narrow')
      narrow.input('token_states', 'float32', ['texts', 'tokens', 16])
      const last = narrow.constant('last', BigInt64Array.of(-1n), [1])
      narrow.output(narrow.node('ReduceMax', ['token_states', last], 'log_tags'), 'float32', ['texts', 'tokens', 1])
      const all = narrow.constant('all', BigInt64Array.of(1n, 2n), [2])
      narrow.output(
        narrow.node('ReduceMax', ['token_states', all], 'odds', { attributes: { keepdims: 0 } }),
        'float32',
        ['texts'],
      )
      const encoder = tinyEncoder({ vocabularySize: 10, hiddenWidth: 16, seed: 1 })
      for (const graph of [Buffer.from('no graph'), encoder, narrow.build()]) {
        await assert.rejects(openInterpreter({ ...directory, interpreter: { settings, graph } }), {
          code: 'invalid_model',
          message:
            /interpreter\.onnx is no interpreter for this model: .*; train one for it, or remove interpreter\.json/,
        })
      }
    })
  })

  it('is none of a model whose directory has none', async () => {
    const { path } = await writeTinyModel(parent, { name: 'plain' })
    assert.equal(await openInterpreter(await loadModelDirectory(path)), undefined)
  })
})
