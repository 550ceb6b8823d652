import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { CertificateAuthority, validFor } from './certificate-authority.ts'

describe('a CA of one cluster', () => {
  it('signs certificates that carry their names, for servers and clients', async () => {
    const { authority, files } = await CertificateAuthority.create('a cluster', validFor(2))
    const issued = await authority.issue(['shard-1', 'hypershard.internal', '10.0.0.7', 'fd00::1'], validFor(1))
    const ca = new X509Certificate(files.certificate)
    const leaf = new X509Certificate(issued.certificate)
    assert.equal(ca.ca, true)
    assert.equal(leaf.ca, false)
    assert.equal(leaf.checkIssued(ca) && leaf.verify(ca.publicKey), true)
    assert.equal(leaf.checkPrivateKey(createPrivateKey(issued.key)), true)
    assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
    assert.equal(leaf.checkHost('shard-1'), 'shard-1')
    assert.equal(leaf.checkHost('shard-2'), undefined)
    assert.equal(leaf.checkIP('10.0.0.7'), '10.0.0.7')
    assert.equal(leaf.checkIP('fd00::1'), 'fd00::1')
  })

  it('signs on when it is opened again, and for no longer than it is valid itself', async () => {
    const { files } = await CertificateAuthority.create('a cluster', validFor(1))
    const again = await CertificateAuthority.open(files)
    const leaf = new X509Certificate((await again.issue(['encoder'], validFor(365))).certificate)
    const ca = new X509Certificate(files.certificate)
    assert.equal(leaf.verify(ca.publicKey), true)
    assert.deepEqual(leaf.validToDate, ca.validToDate)
  })
})
