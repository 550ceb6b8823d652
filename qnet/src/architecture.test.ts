import assert from 'node:assert/strict'
import {
  activations,
  architectureFromProto,
  architectureKey,
  architectureToProto,
  flopsPerDocument,
  hasResidual,
  parameterCount,
  type QNetArchitecture,
  qnetArchitectureSchema,
} from './architecture.ts'

const released: QNetArchitecture = {
  vectorDimensions: [768, 768, 768, 768, 768, 768, 768, 1],
  activation: 'relu',
  layerNorm: true,
  layerNormBeforeResidual: true,
  residual: true,
  residualOnLast: false,
}

describe('a q-net architecture', () => {
  it('counts the parameters and the work of the released 6-layer model', () => {
    assert.equal(parameterCount(released), 3_544_320)
    assert.equal(flopsPerDocument(released), 2 * (6 * 768 * 768 + 768))
  })

  it('leaves the residual out on the last core layer unless told otherwise', () => {
    const residuals = (architecture: QNetArchitecture) => [0, 4, 5].map(layer => hasResidual(architecture, layer))
    assert.deepEqual(residuals(released), [true, true, false])
    assert.deepEqual(residuals({ ...released, residualOnLast: true }), [true, true, true])
    assert.deepEqual(residuals({ ...released, residual: false }), [false, false, false])
  })

  for (const [problem, change] of [
    ['a last width other than 1', { vectorDimensions: [8, 2] }],
    ['no layer at all', { vectorDimensions: [1] }],
    ['a width of 0', { vectorDimensions: [0, 1] }],
    ['a width beyond the bound', { vectorDimensions: [5000, 1] }],
    ['residualOnLast without residual', { residual: false, residualOnLast: true }],
    ['a residual between different widths', { vectorDimensions: [8, 6, 6, 1] }],
    ['an unknown activation', { activation: 'swish' }],
    ['an unknown field', { dropout: 0.1 }],
  ] as const) {
    it(`is refused with ${problem}`, () => {
      assert.equal(qnetArchitectureSchema.safeParse({ ...released, ...change }).success, false)
    })
  }

  it('survives the wire', () => {
    for (const activation of activations) {
      const architecture = { ...released, activation }
      assert.deepEqual(architectureFromProto(architectureToProto(architecture)), architecture)
    }
  })

  it('is refused from the wire when it is unsound, naming the field', () => {
    const message = { ...architectureToProto(released), vectorDimensions: [8, 2] }
    assert.throws(() => architectureFromProto(message), { code: 'invalid_request', message: /must be 1/ })
  })

  it('has a key of its own', () => {
    const keys = [released, { ...released, residual: false }, { ...released, layerNorm: false }].map(architectureKey)
    assert.equal(new Set(keys).size, keys.length)
  })
})
