import { describe, expect, it } from 'vitest';
import { createRecordBudget } from '../../src/daemon/record-budget.ts';
import type { EventDraft } from '../../src/model/event.ts';
import { aFinding, aListener, anOwner } from '../fixtures/audit-report.ts';

const draft = (partial: Partial<EventDraft> = {}): EventDraft => ({ kind: 'listening', audience: 'record', severity: 'info', message: 'm', alert: null, listener: aListener(), differences: [], detail: {}, ...partial });
const many = (count: number, partial: Partial<EventDraft> = {}) => Array.from({ length: count }, () => draft(partial));

describe('what the history keeps of a flood', () => {
  it('is 2,000 records in ten minutes, and the number of the rest', () => {
    let steady = 0;
    const budget = createRecordBudget({ now: () => new Date(), steady: () => steady });
    expect(budget.admit([...many(1500), ...many(1000, { kind: 'closed' })])).toHaveLength(2000);
    expect(budget.admit(many(40, { kind: 'opened' }))).toEqual([]);
    steady = 599_999;
    expect(budget.admit([])).toEqual([]);
    steady = 600_000;
    expect(budget.admit([])).toMatchObject([{ kind: 'storm', audience: 'record', detail: { count: 540, closed: 500, opened: 40 } }]);
    expect(budget.admit(many(2100))).toHaveLength(2000);
    expect(budget.close()).toMatchObject([{ detail: { count: 100, listening: 100 } }]);
    expect(budget.close()).toEqual([]);
  });

  it('never lacks an alert, nor what the agent says of itself', () => {
    const budget = createRecordBudget({ now: () => new Date(), steady: () => 0 });
    budget.admit(many(3000));
    expect(budget.admit([draft({ kind: 'opened', audience: 'alert' }), draft({ kind: 'agent', listener: null })])).toHaveLength(2);
  });

  it('keeps records small, and alerts whole', () => {
    const budget = createRecordBudget({ now: () => new Date(), steady: () => 0 });
    const listener = aListener({ owners: [anOwner({ commandLine: ['x'] })], findings: [aFinding({ advice: 'look' })] });
    const [record, alert] = budget.admit([draft({ listener }), draft({ kind: 'opened', audience: 'alert', listener })]);
    expect(record?.listener).toMatchObject({ owners: [{ commandLine: null }], findings: [{ advice: null, references: [] }] });
    expect(alert?.listener).toBe(listener);
  });
});
