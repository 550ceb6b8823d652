import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { pseudoRandomTensor } from '@hypershard/harness/qnets'
import { ModelProto } from '@hypershard/proto/onnx'
import { GraphBuilder } from '../onnx/graph-builder.ts'
import { createOnnxSession, floatOutput, Tensor } from '../onnx/session.ts'
import { int8ProductsAreExact, quantiseEncoder } from './quantise-encoder.ts'

interface Product {
  readonly rows: number
  readonly columns: number
  /** Row-major [rows, columns]. */
  readonly weights: Float32Array
}

type Reader = 'Sum' | 'Identity'

/** `states` f32 [batch, tokens, rows] times constant weights, as graphs store them, for an operator of one input. */
function graphOf(
  { rows, columns, weights }: Product,
  {
    storage = 'f32',
    reader = 'Identity',
    gelu = false,
  }: { storage?: 'f32' | 'int8'; reader?: Reader; gelu?: boolean } = {},
): Uint8Array {
  const graph = new GraphBuilder('product')
  graph.input('states', 'float32', ['batch', 'tokens', rows])
  const input = gelu ? graph.node('Gelu', ['states'], 'activated') : 'states'
  graph.node('MatMul', [input, addWeights(graph, { rows, columns, weights }, storage)], 'before')
  graph.node(reader, ['before'], 'product')
  graph.output('product', 'float32', ['batch', 'tokens', columns])
  return graph.build()
}

function addWeights(graph: GraphBuilder, { rows, columns, weights }: Product, storage: 'f32' | 'int8'): string {
  if (storage === 'f32') return graph.constant('weights', weights, [rows, columns])
  const integers = graph.constant('integers', Int8Array.from(weights), [rows, columns])
  const scales = graph.constant('scales', new Float32Array(columns).fill(1), [columns])
  return graph.node('Mul', [graph.node('Cast', [integers], 'cast', { attributes: { to: 1 } }), scales], 'weights')
}

async function run(model: Uint8Array, states: Float32Array, rows: number): Promise<Float32Array> {
  const session = await createOnnxSession(model, { threads: 1 })
  const shape = [1, states.length / rows, rows]
  return floatOutput(await session.run({ states: new Tensor('float32', states, shape) }), 'product')
}

/** The formula of the header, in plain loops, for weights that are whole numbers with scales of 1. */
function naiveProduct(states: Float32Array, { rows, columns, weights }: Product): number[] {
  const products: number[] = []
  for (let start = 0; start < states.length; start += rows) {
    const row = states.subarray(start, start + rows)
    const largest = Math.max(1e-10, ...row.map(Math.abs))
    const integers = row.map(value => Math.round((127 * value) / largest))
    for (let column = 0; column < columns; column++) {
      const sum = integers.reduce((total, integer, at) => total + integer * weights[at * columns + column]!, 0)
      products.push((largest / 127) * sum)
    }
  }
  return products
}

describe('an encoder in int8', () => {
  it('multiplies rows in whole numbers, each with a scale of its own', async () => {
    const product = { rows: 64, columns: 24, weights: pseudoRandomTensor(1, 64 * 24, 60).map(Math.round) }
    const states = Float32Array.from([...pseudoRandomTensor(2, 64, 1), ...pseudoRandomTensor(3, 64, 300)])
    states.fill(0, 64, 66)
    const quantised = quantiseEncoder(graphOf(product, { storage: 'int8', reader: 'Sum' }))!
    const actual = await run(quantised, states, product.rows)
    const largest = Math.max(...actual.map(Math.abs))
    for (const [at, expected] of naiveProduct(states, product).entries()) {
      // A value half-way between two integers may go either way.
      const unit = (Math.max(...states.subarray(64 * Math.floor(at / 24)).map(Math.abs)) / 127) * 60
      assert(Math.abs(actual[at]! - expected) <= unit + 1e-5 * largest, `${at}: ${actual[at]}, not ${expected}`)
    }
  })

  it('gives a row the same bits alone and beside others, and zeros for a row of zeros', async () => {
    const product = { rows: 32, columns: 16, weights: pseudoRandomTensor(4, 32 * 16, 0.3) }
    const quantised = quantiseEncoder(graphOf(product))!
    const states = pseudoRandomTensor(5, 5 * 32, 2)
    states.subarray(32, 64).fill(0)
    for (let at = 64; at < 96; at++) states[at]! *= 1000
    const together = await run(quantised, states, 32)
    for (const row of [0, 1, 2, 3]) {
      const two = await run(quantised, states.slice(32 * row, 32 * (row + 2)), 32)
      assert.deepEqual(together.slice(16 * row, 16 * (row + 2)), two)
    }
    assert.deepEqual([...together.slice(16, 32)], Array(16).fill(0))
  })

  for (const { title, errorMax, ...options } of [
    { title: 'with one digit', reader: 'Sum', errorMax: 0.02 },
    { title: 'with two digits', reader: 'Identity', errorMax: 0.0002 },
    { title: 'after GELU, counted from its floor', gelu: true, reader: 'Identity', errorMax: 0.008 },
  ] as const) {
    it(`errs by at most ${errorMax} of the spread ${title}, however the weights are stored`, async () => {
      const weights = pseudoRandomTensor(6, 128 * 40, 127).map(Math.round)
      // The scales of columns are then 1, and storing the weights in int8 adds no error of its own.
      weights.fill(127, 0, 40)
      const states = pseudoRandomTensor(7, 6 * 128, 1)
      for (const storage of ['f32', 'int8'] as const) {
        const model = graphOf({ rows: 128, columns: 40, weights }, { storage, ...options })
        const expected = await run(model, states, 128)
        const actual = await run(quantiseEncoder(model)!, states, 128)
        const error = Math.hypot(...actual.map((value, at) => value - expected[at]!))
        assert(error < errorMax * Math.hypot(...expected), `${storage}: ${error / Math.hypot(...expected)}`)
      }
    })
  }

  it('is for processors that add its products exactly', async function () {
    const flags = process.platform === 'linux' ? readFileSync('/proc/cpuinfo', 'utf8') : ''
    if (!flags.includes('avx2')) this.skip()
    assert.equal(await int8ProductsAreExact(), /avx512_vnni|avx_vnni/.test(flags))
  })

  it('keeps what it cannot rewrite as it is', () => {
    const graph = new GraphBuilder('no product')
    graph.input('states', 'float32', ['batch', 'tokens', 4])
    graph.output(graph.node('Relu', ['states'], 'product'), 'float32', ['batch', 'tokens', 4])
    assert.equal(quantiseEncoder(graph.build()), undefined)

    const product = graphOf({ rows: 4, columns: 4, weights: new Float32Array(16).fill(1) })
    const changed = (change: (model: ModelProto) => void) => {
      const model = ModelProto.decode(product)
      change(model)
      return quantiseEncoder(ModelProto.encode(model).finish())
    }
    assert.notEqual(
      changed(() => undefined),
      undefined,
    )
    const refused: ((model: ModelProto) => void)[] = [
      ({ opsetImport }) => Object.assign(opsetImport[0]!, { version: 17 }),
      ({ graph: own }) => Object.assign(own!.node[0]!, { domain: 'com.example' }),
      ({ graph: own }) => Object.assign(own!.initializer[0]!, { rawData: Buffer.alloc(0) }),
      ({ graph: own }) => {
        const attribute = {
          name: 'body',
          f: 0,
          i: 0,
          s: Buffer.alloc(0),
          t: undefined,
          g: undefined,
          floats: [],
          ints: [],
          type: 5,
        }
        own!.node[0]!.attribute = [attribute]
      },
    ]
    for (const change of refused) assert.equal(changed(change), undefined)
  })
})
