import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { defineMetrics, only } from '@hypershard/common'
import { eventually } from '@hypershard/harness'
import { processMetrics } from './process-metrics.ts'
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

  it('counts nothing while it is told not to, and goes on from there', async () => {
    let on = true
    const meter = new PrometheusMeter({ isCounting: () => on })
    const [cups, sips] = [meter.counter(metrics.cups), meter.histogram(metrics.sips)]
    const count = () => {
      cups.add({ kind: 'green' })
      sips.observe({}, 0.5)
      return meter.counting
    }
    const told = [true, false, true].map(now => {
      on = now
      return count()
    })
    const text = await meter.render()
    assert.deepEqual(told, [true, false, true])
    assert.match(text, /^hypershard_cups_total\{kind="green"\} 2$/m)
    assert.match(text, /^hypershard_sip_seconds_count 2$/m)
  })

  it('leaves out what cannot be read, says so, and tells all else', async () => {
    const unread: string[] = []
    const meter = new PrometheusMeter({ onUnread: metric => unread.push(metric) })
    meter.read(metrics.spilt, () => Promise.reject(new Error('away')))
    meter.read(metrics.warmth, () => [{ labels: { cup: 'a' }, value: 60 }])
    const text = await meter.render()
    assert.deepEqual(unread, ['hypershard_spilt_total'])
    assert.match(text, /^hypershard_warmth_celsius\{cup="a"\} 60$/m)
    assert.doesNotMatch(text, /^hypershard_spilt_total/m)
  })

  it('does not wait for what hangs', async () => {
    const meter = new PrometheusMeter()
    meter.read(metrics.spilt, () => new Promise(() => undefined))
    meter.counter(metrics.cups).add({ kind: 'green' })
    assert.match(await meter.render(), /^hypershard_cups_total\{kind="green"\} 1$/m)
  })

  it('tells nothing, rather than 0, of a value that there is none of', async () => {
    const meter = new PrometheusMeter()
    let degrees: number | undefined
    meter.read({ ...metrics.warmth, labels: [] }, () => only(degrees))
    assert.doesNotMatch(await meter.render(), /^hypershard_warmth_celsius/m)
    degrees = 0
    assert.match(await meter.render(), /^hypershard_warmth_celsius 0$/m)
    degrees = undefined
    assert.doesNotMatch(await meter.render(), /^hypershard_warmth_celsius/m)
  })

  it('has of its own what docs/metrics.md names', async function () {
    // Elsewhere some of them are not to be had.
    if (process.platform !== 'linux') return this.skip()
    const named = [...(await new PrometheusMeter().render()).matchAll(/^# TYPE (\S+) (\S+)$/gm)]
    const expected = processMetrics.map(({ name, kind }) => `${name} ${kind}`)
    assert.deepEqual(named.map(([, name, kind]) => `${name} ${kind}`).sort(), expected.sort())
  })

  it('looks so seldom how the main thread is held up that a process which does nothing may rest', async () => {
    const meter = new PrometheusMeter()
    let shortest = Number.POSITIVE_INFINITY
    await eventually(async () => {
      // Each reading begins to measure anew.
      await wait(200)
      shortest = Number(/^nodejs_eventloop_lag_min_seconds (\S+)$/m.exec(await meter.render())![1])
      // Far more than a day before the first look.
      return shortest < 3_600
    })
    assert.ok(shortest > 0.04, `${shortest}`)
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
