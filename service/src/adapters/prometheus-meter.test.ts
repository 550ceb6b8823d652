import assert from 'node:assert/strict'
import { defineMetrics } from '@hypershard/common'
import { PrometheusMeter } from './prometheus-meter.ts'

const metrics = defineMetrics({
  cups: { kind: 'counter', name: 'hypershard_cups_total', help: 'Cups of tea.', labels: ['kind'] },
  sips: { kind: 'histogram', name: 'hypershard_sip_seconds', help: 'A sip.', labels: [], buckets: [0.1, 1] },
  warmth: { kind: 'gauge', name: 'hypershard_warmth_celsius', help: 'How warm.', labels: ['cup'] },
  spilt: { kind: 'counter', name: 'hypershard_spilt_total', help: 'Spilt cups.', labels: [] },
})

describe('a Prometheus meter', () => {
  it('writes what was counted and measured as Prometheus reads it', async () => {
    const meter = new PrometheusMeter()
    const cups = meter.counter(metrics.cups)
    cups.add({ kind: 'green' })
    cups.add({ kind: 'green' }, 2)
    meter.histogram(metrics.sips).observe({}, 0.5)
    const text = await meter.render()
    assert.match(text, /^# HELP hypershard_cups_total Cups of tea\.$/m)
    assert.match(text, /^hypershard_cups_total\{kind="green"\} 3$/m)
    assert.match(text, /^hypershard_sip_seconds_bucket\{le="0\.1"\} 0$/m)
    assert.match(text, /^hypershard_sip_seconds_bucket\{le="1"\} 1$/m)
    assert.match(text, /^process_cpu_seconds_total /m)
  })

  it('reads what is kept elsewhere whenever it is asked, and forgets what is gone', async () => {
    const meter = new PrometheusMeter()
    let warmths = [{ labels: { cup: 'a' }, value: 60 }]
    let spilt = 4
    meter.read(metrics.warmth, () => warmths)
    meter.read(metrics.spilt, () => [{ labels: {}, value: spilt }])
    assert.match(await meter.render(), /^hypershard_warmth_celsius\{cup="a"\} 60$/m)
    warmths = [{ labels: { cup: 'b' }, value: 50 }]
    spilt = 5
    const text = await meter.render()
    assert.match(text, /^hypershard_warmth_celsius\{cup="b"\} 50$/m)
    assert.doesNotMatch(text, /cup="a"/)
    assert.match(text, /^hypershard_spilt_total 5$/m)
  })
})
