import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { pseudoRandomTensor } from '@hypershard/harness/qnets'
import { coreLayers, layerShapes, type QNetArchitecture } from '../architecture.ts'
import { createOnnxSession, floatOutput, Tensor } from '../onnx/session.ts'
import { compileHyperHead, type HyperHeadParameter } from './compile-hyper-head.ts'

interface ReferenceCase {
  name: string
  modelWidth: number
  tokens: number
  mask: number[][]
  architecture: QNetArchitecture
  seed: number
  /** Computed by PyTorch in f64: each tensor over the whole batch, flattened. */
  expected: { matrices: number[][]; biases: number[][] }
}

const references: { cases: ReferenceCase[] } = JSON.parse(
  await readFile(new URL('../../../test/fixtures/qnet/hyper-head-cases.json', import.meta.url), 'utf8'),
)

/** Parameters in the order and with the seeds that training/README.md writes down. */
function parametersOf({ architecture, modelWidth, seed }: ReferenceCase): Map<string, HyperHeadParameter> {
  const parameters = new Map<string, HyperHeadParameter>()
  const add = (name: string, shape: number[], scale: number) => {
    const length = shape.reduce((product, size) => product * size, 1)
    parameters.set(name, { shape, data: pseudoRandomTensor(seed + 1 + parameters.size, length, scale) })
  }
  const addTensor = (name: string, shape: { in: number; out: number }) => {
    add(`${name}.key.weight`, [shape.in, modelWidth], 0.5)
    add(`${name}.key.bias`, [shape.in], 0.5)
    add(`${name}.value.weight`, [shape.in, modelWidth], 0.5)
    add(`${name}.value.bias`, [shape.in], 0.5)
    add(`${name}.query_embedding`, [shape.out, shape.in], 2)
    add(`${name}.projection.weight`, [shape.in, shape.in], 0.5)
    add(`${name}.projection.bias`, [shape.in], 0.5)
    add(`${name}.base`, [shape.out, shape.in], 0.5)
  }
  for (const [index, shape] of layerShapes(architecture).entries()) addTensor(`matrices.${index}`, shape)
  for (const [index, { out }] of coreLayers(architecture).entries()) addTensor(`biases.${index}`, { in: out, out: 1 })
  return parameters
}

describe('compileHyperHead', () => {
  for (const reference of references.cases) {
    it(`generates the weights that PyTorch generates: ${reference.name}`, async () => {
      const { architecture, modelWidth, tokens, mask, seed, expected } = reference
      const session = await createOnnxSession(compileHyperHead(architecture, modelWidth, parametersOf(reference)), {
        threads: 1,
      })
      const batch = mask.length
      const outputs = await session.run({
        token_states: new Tensor('float32', pseudoRandomTensor(seed, batch * tokens * modelWidth, 1), [
          batch,
          tokens,
          modelWidth,
        ]),
        attention_mask: new Tensor('int64', BigInt64Array.from(mask.flat().map(BigInt)), [batch, tokens]),
      })
      const check = (name: string, values: number[]) => {
        const actual = floatOutput(outputs, name)
        assert.equal(actual.length, values.length, name)
        const scale = Math.max(...values.map(Math.abs))
        for (const [index, value] of values.entries()) {
          assert(Math.abs(actual[index]! - value) <= 1e-4 * scale, `${name}[${index}]: ${actual[index]}, not ${value}`)
        }
      }
      assert.equal(expected.matrices.length, layerShapes(architecture).length)
      assert.equal(expected.biases.length, coreLayers(architecture).length)
      for (const [index, values] of expected.matrices.entries()) check(`matrix_${index}`, values)
      for (const [index, values] of expected.biases.entries()) check(`bias_${index}`, values)
    })
  }

  const sound = references.cases.find(({ architecture }) => coreLayers(architecture).length > 0)!
  for (const [title, spoil, message] of [
    [
      'missing',
      (parameters: Map<string, HyperHeadParameter>) => parameters.delete('biases.0.key.weight'),
      /is missing/,
    ],
    [
      'misshapen',
      (parameters: Map<string, HyperHeadParameter>) =>
        parameters.set('matrices.0.base', { shape: [1], data: new Float32Array(1) }),
      /has shape \[1\]/,
    ],
    [
      'not finite',
      (parameters: Map<string, HyperHeadParameter>) => {
        parameters.get('matrices.0.key.bias')!.data[0] = Number.NaN
      },
      /NaN or infinity/,
    ],
  ] as const) {
    it(`refuses a parameter that is ${title}`, () => {
      const parameters = parametersOf(sound)
      spoil(parameters)
      assert.throws(() => compileHyperHead(sound.architecture, sound.modelWidth, parameters), {
        code: 'invalid_model',
        message,
      })
    })
  }
})
