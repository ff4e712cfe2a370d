//! Which variables what follows can still read. The others are forgotten where control is remembered, so that
//! rounds that differ in nothing that matters are the same.

use std::ops::Range;

use crate::Word;
use crate::code::{Block, Instruction, Liveness, Node, NodeKind, Slot, Target};

/// `extents` are the instructions in which each variable of the function can be named; `parameters` is how many
/// of them begin with the block.
pub(crate) fn liveness(block: &Block, all: &[Slot], extents: &[Range<usize>], parameters: usize) -> Liveness {
    let slots = all.len();
    let count = block.instructions.len();
    let mut own = vec![false; slots];
    own[..parameters].fill(true);
    // To name one of several parts is to point to it.
    let mut pinned: Vec<bool> = all.iter().map(|slot| slot.shape.has_parts()).collect();
    let mut reads = Vec::with_capacity(count);
    let mut sets = Vec::with_capacity(count);
    for instruction in &block.instructions {
        let mut read = vec![false; slots];
        for node in instruction.nodes() {
            note(node, &mut read, &mut pinned);
        }
        let mut set = None;
        match instruction {
            Instruction::Declare { slot, .. } => {
                own[usize::from(*slot)] = true;
                set = Some(usize::from(*slot));
            }
            Instruction::Evaluate(node) => set = assigned(node),
            _ => {}
        }
        reads.push(read);
        sets.push(set);
    }
    let mut before = vec![vec![false; slots]; count];
    let mut after = vec![vec![false; slots]; count];
    loop {
        let mut changed = false;
        for at in (0..count).rev() {
            let mut live = vec![false; slots];
            for next in block.instructions[at].successors(at).into_iter().filter(|next| *next < count) {
                (0..slots).for_each(|slot| live[slot] |= before[next][slot]);
            }
            after[at].clone_from(&live);
            if let Some(slot) = sets[at] {
                live[slot] = false;
            }
            (0..slots).for_each(|slot| live[slot] |= reads[at][slot]);
            if live != before[at] {
                before[at] = live;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    let mut around = after;
    for at in 0..count {
        for slot in 0..slots {
            let is_named = extents[slot].contains(&at);
            // Through a pointer it can be read as long as it is there.
            before[at][slot] |= pinned[slot] && is_named;
            around[at][slot] |= reads[at][slot] || pinned[slot] && is_named;
        }
    }
    Liveness { before, around, own, has_pinned: pinned.contains(&true) }
}

/// The variable that a statement sets without reading it, after all else that it does.
fn assigned(node: &Node) -> Option<usize> {
    let NodeKind::Assign { to, operator: None, .. } = &node.kind else { return None };
    match to.kind {
        NodeKind::Local(slot) => Some(usize::from(slot)),
        _ => None,
    }
}

/// Notes what an expression reads, and what others can reach through a pointer from then on.
fn note(node: &Node, read: &mut [bool], pinned: &mut [bool]) {
    match &node.kind {
        NodeKind::Local(slot) => read[usize::from(*slot)] = true,
        NodeKind::AddressOf(of) => {
            pin(of, pinned);
            note(of, read, pinned);
        }
        NodeKind::Assign { to, operator: None, value } if matches!(to.kind, NodeKind::Local(_)) => {
            note(value, read, pinned);
        }
        // It may point to what it is given.
        NodeKind::Call { target: Target::Word(Word::Setter, _), arguments, .. } => {
            for argument in arguments {
                pin(argument, pinned);
                note(argument, read, pinned);
            }
        }
        NodeKind::Block(block) => {
            for inner in block.instructions.iter().flat_map(Instruction::nodes) {
                note(inner, read, pinned);
            }
        }
        _ => node.parts().into_iter().for_each(|part| note(part, read, pinned)),
    }
}

fn pin(node: &Node, pinned: &mut [bool]) {
    match &node.kind {
        NodeKind::Local(slot) => pinned[usize::from(*slot)] = true,
        NodeKind::Member { of, is_arrow: false, .. } | NodeKind::Index { of, .. } | NodeKind::Cast(_, of) => {
            pin(of, pinned);
        }
        _ => {}
    }
}
