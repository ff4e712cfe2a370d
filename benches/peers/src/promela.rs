//! A program in Promela.
//!
//! An actor is a process, a control state a label, a command an option there: a guard, an assignment, or a `d_step` of
//! both. So SPIN's own program counters are the control states, a step is one transition, and the states are the same ones.
//! A process does not end, but waits for ever at its end, since SPIN would count states in which it is gone. Where
//! there are several initial states, another process chooses one before it starts the actors: [`extra_states`].
//!
//! What only one actor touches is `local`, by which SPIN's reduction knows that nobody else does.

use std::fmt::Write as _;

use crate::program::{Actor, Command, Control, Guard, Program, Write};

/// How many states SPIN has more: the one in which none of several initial states is chosen yet.
pub(crate) fn extra_states(program: &Program) -> u64 {
    u64::from(program.initial.len() > 1)
}

/// The program in Promela.
pub(crate) fn promela(program: &Program) -> String {
    let mut lines = vec![format!("/* {} */", program.name)];
    for (number, cell) in program.cells.iter().enumerate() {
        let (kind, width) = match cell.width {
            1 => ("bit", String::new()),
            2..=8 => ("byte", String::new()),
            wide => ("unsigned", format!(" : {wide}")),
        };
        let local = if is_local(program, number) { "local " } else { "" };
        let first = program.initial[0][number];
        lines
            .push(format!("{local}{kind} c{number}{width} = {first}; /* {} */", cell.name.replace("*/", "")));
    }
    if program.is_mortal() {
        lines.push("bit dead;".to_owned());
    }
    let is_started = extra_states(program) > 0;
    let active = if is_started { "" } else { "active " };
    for (number, actor) in program.actors.iter().enumerate() {
        lines.push(format!("{active}proctype {}() {{", process(number, actor)));
        // A process begins where its text does.
        let others = (0..actor.controls.len() as u32).filter(|control| *control != actor.start);
        lines
            .extend([actor.start].into_iter().chain(others).map(|control| labelled(program, actor, control)));
        lines.push("}".to_owned());
    }
    if is_started {
        lines.push(starter(program));
    }
    lines.join("\n") + "\n"
}

/// Whether only one actor touches a cell.
fn is_local(program: &Program, cell: usize) -> bool {
    let touches = |actor: &&Actor| {
        actor.commands().any(|command| {
            let copied = matches!(command.write, Some(Write::Copy { from, .. }) if from == cell);
            let written = command.write.is_some_and(|write| write.target() == cell);
            copied || written || command.guard.is_some_and(|guard| guard.cell == cell)
        })
    };
    program.actors.iter().filter(touches).count() <= 1
}

/// The name of an actor's process; several actors may have the same.
fn process(number: usize, actor: &Actor) -> String {
    let name = actor.name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    format!("a{number}_{name}")
}

/// The process that chooses an initial state and starts the actors.
fn starter(program: &Program) -> String {
    let mut text = "init {\n  atomic {\n    if\n".to_owned();
    let differs =
        |cell: &usize| program.initial.iter().any(|values| values[*cell] != program.initial[0][*cell]);
    let cells: Vec<usize> = (0..program.cells.len()).filter(differs).collect();
    for values in &program.initial {
        let set: Vec<String> = cells.iter().map(|cell| format!("c{cell} = {}", values[*cell])).collect();
        let set = if set.is_empty() { "skip".to_owned() } else { set.join("; ") };
        let _ = writeln!(text, "    :: d_step {{ {set} }}");
    }
    let run =
        program.actors.iter().enumerate().map(|(number, actor)| format!("run {}()", process(number, actor)));
    let run: Vec<String> = run.collect();
    let _ = write!(text, "    fi;\n    {}\n  }};\n  false\n}}", run.join("; "));
    text
}

fn labelled(program: &Program, actor: &Actor, number: u32) -> String {
    match &actor.controls[number as usize] {
        Control::Living(commands) if !commands.is_empty() => {
            let options = commands.iter().map(|command| option(program, actor, command));
            format!("L{number}: if\n{}  fi;", options.collect::<String>())
        }
        Control::Living(_) | Control::Dead => format!("L{number}: false;"),
    }
}

fn option(program: &Program, actor: &Actor, command: &Command) -> String {
    let width = |cell: usize| u64::MAX >> (64 - program.cells[cell].width);
    let mut statements = Vec::new();
    if program.is_mortal() {
        statements.push("!dead".to_owned());
    }
    statements.extend(command.guard.map(|guard| condition(&guard, width(guard.cell))));
    let mut statements = match statements.is_empty() {
        true => Vec::new(),
        false => vec![statements.join(" && ")],
    };
    statements.extend(command.write.map(|write| match write {
        Write::Copy { from, to } => format!("c{to} = c{from}"),
        Write::Bits { cell, keep, set } => match keep & width(cell) {
            0 => format!("c{cell} = {set}"),
            keep if keep == width(cell) => format!("c{cell} = c{cell} | {set}"),
            keep => format!("c{cell} = (c{cell} & {keep}) | {set}"),
        },
    }));
    if command.reports {
        statements.push("assert(false)".to_owned());
    }
    if actor.controls[command.to as usize] == Control::Dead {
        statements.push("dead = 1".to_owned());
    }
    let step = match &statements[..] {
        [] => "true".to_owned(),
        [one] => one.clone(),
        several => format!("d_step {{ {} }}", several.join("; ")),
    };
    format!("  :: {step}; goto L{}\n", command.to)
}

fn condition(guard: &Guard, width: u64) -> String {
    let Guard { cell, mask, value, is_equal } = *guard;
    let is = if is_equal { "==" } else { "!=" };
    match mask & width {
        mask if mask == width => format!("c{cell} {is} {value}"),
        mask => format!("(c{cell} & {mask}) {is} {value}"),
    }
}
