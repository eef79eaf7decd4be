// Sums the JSON reports of the test runner: `node sum-reports.mjs FOLDER [STEP THAT FAILED]...`. Prints the closing line
// of .ci/run and exits with 1 where anything failed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, ...failedSteps] = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };

/** A system test may be skipped for this reason alone: see test/system/requirements.ts. */
const EXCUSED = /\(skipped: the kernel lacks /;

function addReport(name, maySkip) {
  let report;
  try {
    report = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  } catch {
    fail(`${name}: there is no report of this run`);
    return;
  }
  const passedBefore = total.passed;
  for (const file of report.testResults) {
    const tests = file.assertionResults;
    for (const test of tests) {
      if (test.status === 'passed') total.passed += 1;
      else if (test.status === 'failed') fail(`${name}: ${test.fullName}`);
      else if (maySkip || EXCUSED.test(test.fullName)) total.skipped += 1;
      else fail(`${name}: skipped: ${test.fullName}`);
    }
    // A file that could not be loaded, or whose preparation failed, has no failed test to show for it.
    if (file.status === 'failed' && !tests.some((test) => test.status === 'failed')) fail(`${name}: ${file.name}: ${file.message}`);
  }
  if (total.passed === passedBefore) fail(`${name}: not one test passed`);
}

function fail(what) {
  total.failed += 1;
  process.stderr.write(`failed: ${what}\n`);
}

addReport('unit.json', true);
addReport('system.json', false);
// A step fails with its tests; one that fails with none of them failing is a failure of its own.
if (total.failed === 0) for (const step of failedSteps) fail(step);

process.stdout.write(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}\n`);
process.exitCode = total.failed > 0 ? 1 : 0;
