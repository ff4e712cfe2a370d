/* The data: from the packed tables to variants, scenarios and bad states. */

let DATA;
/** "ext4/journalled@v6.14" -> its variant. */
const VARIANTS = new Map();

async function unpack(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return JSON.parse(await new Response(stream).text());
}

function load(data) {
  DATA = data;
  for (const variant of data.variants) {
    variant.id = variant.path + "@" + variant.name;
    variant.bads = [];
    variant.scenarioOf = new Map();
    for (const scenario of variant.scenarios) {
      const actors = data.casts[scenario.cast].map(([name, kind]) => ({ name: data.strings[name], kind }));
      Object.assign(scenario, {
        variant,
        actors,
        name: data.strings[scenario.name],
        sentence: data.strings[scenario.sentence],
        remarks: scenario.remarks.map((remark) => data.strings[remark]),
      });
      variant.scenarioOf.set(scenario.name, scenario);
      const kinds = new Map(scenario.actors.map((actor) => [actor.name, actor.kind]));
      let tokens = [];
      scenario.bad.forEach((bad, at) => {
        tokens = wholeSchedule(bad.schedule, tokens);
        Object.assign(bad, {
          scenario,
          variant,
          kinds,
          tokens,
          number: scenario.first + at,
          property: data.strings[bad.property],
          witness: data.strings[bad.witness],
          initial: data.strings[bad.initial],
        });
        bad.steps = tokens.reduce((n, token) => n + (eventOf(token)[0] === STEP), 0);
        bad.movers = new Set();
        for (const token of tokens) {
          const event = eventOf(token);
          if (event[0] === STEP) bad.movers.add(data.strings[event[1]]);
        }
        variant.bads.push(bad);
      });
    }
    for (const bad of variant.bads) {
      bad.told = bad.as_in ? variant.scenarios[bad.as_in[0]].bad[bad.as_in[1]] : bad;
    }
    VARIANTS.set(variant.id, variant);
  }
}

const [STEP, ENTER, LEAVE, ROUND, BROKEN, CYCLE] = [0, 1, 2, 3, 4, 5];
const eventOf = (token) => DATA.events[DATA.tokens[token][0]];

/** A schedule is told by what it has in common with the one before it, at both ends. */
function wholeSchedule([begins, ends, ...own], last) {
  return [...last.slice(0, begins), ...own, ...last.slice(last.length - ends)];
}

/** The events of a bad state's schedule, each with what it changes of what is seen. */
function eventsOf(bad) {
  return bad.tokens.map((token) => {
    const [number, ...changes] = DATA.tokens[token];
    const [kind, actor, label, result, file, line, text] = DATA.events[number];
    const s = DATA.strings;
    return {
      kind,
      actor: s[actor],
      label: s[label],
      result: s[result],
      file: s[file],
      line,
      text: s[text],
      changes,
    };
  });
}

/** Names and values by turns, put into `seen`; the value -1 takes the name away. */
function apply(flat, seen) {
  for (let i = 0; i < flat.length; i += 2) {
    const [group, name] = DATA.names[flat[i]];
    const key = DATA.strings[name];
    const part = group ? seen.held : seen.picture;
    if (flat[i + 1] < 0) delete part[key];
    else part[key] = DATA.strings[flat[i + 1]];
  }
  return seen;
}
const initiallySeen = (bad) => apply(DATA.seen[bad.seen], { picture: {}, held: {} });

/** A bad state's name, as the text reports have it. */
const nameOf = (bad) =>
  bad.property + (bad.witness ? ": " + bad.witness : "") + (bad.promised ? "" : " (not promised)");

/** A bad state's schedule: steps, what is seen before the first and after each, and what each changes. */
function scheduleOf(bad) {
  if (bad.run) return bad.run;
  const events = eventsOf(bad);
  const steps = events.filter((event) => event.kind === STEP);
  const seen = [initiallySeen(bad)];
  for (const { changes } of steps) {
    const { picture, held } = seen[seen.length - 1];
    seen.push(changes.length ? apply(changes, { picture: { ...picture }, held: { ...held } }) : seen[seen.length - 1]);
  }
  const changes = steps.map((_, i) => (seen[i] === seen[i + 1] ? [] : changesBetween(seen[i], seen[i + 1])));
  const pictures = seen.map(({ picture }, i) => (i && seen[i - 1] === seen[i] ? null : drawable(picture)));
  pictures.forEach((picture, i) => (pictures[i] = picture || pictures[i - 1]));
  bad.run = { bad, events, steps, seen, pictures, changes };
  Object.assign(bad.run, rowsOf(bad.run));
  return bad.run;
}

/**
 * Calls and steps as rows. A call is told in one row where nobody else moves in it, nothing is broken in it, no loop of
 * it goes round, it is left, and no step is in it that the schedule is about. `cycle`: the step at which it begins to
 * repeat, 0 where it ends.
 */
function rowsOf({ bad, events, steps }) {
  const rows = [];
  const open = new Map();
  const keys = new Set(bad.key_steps);
  let step = 0;
  let mover = "";
  let isCycle = false;
  let cycle = 0;
  for (const event of events) {
    if (event.kind === CYCLE) {
      isCycle = true;
      cycle = step + 1;
      continue;
    }
    const actor = event.kind === BROKEN && !event.actor ? mover : event.actor;
    if (!open.has(actor)) open.set(actor, []);
    const stack = open.get(actor);
    const row = { ...event, actor, depth: stack.length, from: step, to: step, at: rows.length, begins: isCycle };
    isCycle = false;
    switch (event.kind) {
      case STEP:
        step += 1;
        mover = event.actor;
        Object.assign(row, { from: step, to: step, key: keys.has(step), calls: [...stack] });
        rows.push(row);
        for (const [who, frames] of open)
          for (const frame of frames) {
            if (who !== actor) frame.alone = false;
            else {
              frame.from = frame.from || step;
              frame.to = step;
              frame.key = frame.key || row.key;
            }
          }
        break;
      case ENTER:
        Object.assign(row, { from: 0, alone: true });
        rows.push(row);
        stack.push(row);
        break;
      case LEAVE: {
        const frame = stack.pop();
        if (frame) Object.assign(frame, { left: true, result: event.result, end: rows.length });
        // A result is told where the call returns; a folded call has it in its own row.
        if (event.result) rows.push({ ...row, depth: stack.length, frame });
        break;
      }
      case ROUND:
      case BROKEN:
        for (const [who, frames] of open) if (event.kind === BROKEN || who === actor) frames.forEach((f) => (f.alone = false));
        rows.push(row);
        break;
      default:
        break;
    }
  }
  const actorsMoved = (row) => steps.slice(row.from - 1, row.to).every((s) => s.actor === row.actor);
  for (const row of rows)
    if (row.kind === ENTER) {
      row.foldable = row.left && row.alone && row.from > 0 && actorsMoved(row);
      row.folded = row.foldable && !row.key;
    }
  return { rows, cycle };
}
