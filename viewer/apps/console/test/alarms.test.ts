import { describe, expect, it } from 'vitest'
import { duration, merge, queryOf, type Alarm } from '../src/modules/alarms/types'
import { draftOf, fieldsOf, healthOf, settingsOf } from '../src/modules/sources/form'

describe('alarm desk', () => {
  it('asks for the open ones unless another state is named, and repeats alternatives', () => {
    expect(queryOf({}, undefined)).toBe('state=open&limit=50')
    expect(queryOf({ state: 'all', grade: '1,2', handled: 'false', page: '3' }, 'x', 10)).toBe(
      'grade=1&grade=2&handled=false&before=x&limit=10',
    )
  })

  it('never lets an older version of an alarm replace a newer one', () => {
    const row = { id: 'a', version: 3, status: 'acknowledged' } as Alarm
    expect(merge([row], new Map([['a', { ...row, version: 2 }]]))[0]?.version).toBe(3)
    expect(merge([row], new Map([['a', { ...row, version: 4 }]]))[0]?.version).toBe(4)
  })

  it('says durations shortly', () => {
    expect([duration(null), duration(8), duration(600), duration(5400), duration(90_000)]).toEqual(['—', '8 s', '10 min', '1.5 h', '25 h'])
  })
})

describe('form of a source', () => {
  const form = {
    required: ['host'],
    properties: {
      host: { type: 'string', title: 'Host' },
      port: { type: 'integer', minimum: 1, maximum: 65535, default: 502 },
      framing: { enum: ['tcp', 'rtu'], default: 'tcp' },
      password: { anyOf: [{ type: 'string' }, { type: 'null' }], default: null, writeOnly: true },
      limit: { anyOf: [{ type: 'number' }, { type: 'null' }], default: null },
      topics: { type: 'array', items: { type: 'string' }, default: [] },
      map: { type: 'object', default: {} },
      tls: { type: 'boolean', default: false },
    },
  }
  const fields = fieldsOf(form)

  it('reads kinds of fields from the JSON schema', () => {
    expect(fields.map((f) => f.type)).toEqual(['text', 'number', 'choice', 'text', 'number', 'lines', 'json', 'check'])
    expect(fields[0]).toMatchObject({ required: true, title: 'Host' })
    expect(fields[3]).toMatchObject({ secret: true, optional: true })
  })

  it('gives back what it was given, without a secret that was not typed', () => {
    const settings = { host: 'plc', port: 503, framing: 'rtu', limit: null, topics: ['a', 'b'], map: { x: 1 }, tls: true }
    expect(settingsOf(fields, draftOf(fields, settings))).toEqual(settings)
    expect(settingsOf(fields, { ...draftOf(fields, settings), password: 'new' })['password']).toBe('new')
  })

  it('refuses JSON that is none', () => {
    expect(() => settingsOf(fields, { ...draftOf(fields, {}), map: '{' })).toThrow(SyntaxError)
  })

  it('tells a stopped source from a lost one', () => {
    const source = { enabled: true, connected: true, at: '2026-11-28T10:00:00Z', error: '' }
    expect(healthOf(source)).toBe('live')
    expect(healthOf({ ...source, connected: false })).toBe('lost')
    expect(healthOf({ ...source, enabled: false })).toBe('stopped')
    expect(healthOf({ ...source, connected: false, at: null })).toBe('starting')
  })
})
