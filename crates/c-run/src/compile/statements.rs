//! Statements as lists with jumps.

use std::sync::Arc;

use c_text::{Expr, ExprKind, Name, Stmt, StmtKind, Variable};

use crate::code::{Block, Case, Instruction, Node, NodeKind};
use crate::liveness::liveness;
use crate::shape::Shape;
use crate::{Unknown, Value};

use super::{Compiler, Switch};

impl Compiler<'_> {
    /// Statements in a scope of their own.
    pub(super) fn scoped(&mut self, statements: &[Stmt]) {
        self.begin_scope();
        self.list(statements);
        self.end_scope();
    }

    pub(super) fn list(&mut self, statements: &[Stmt]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn lone(&mut self, statement: &Stmt) {
        self.scoped(std::slice::from_ref(statement));
    }

    fn push(&mut self, instruction: Instruction, line: u32) -> usize {
        let line = self.line_of(line);
        self.builder.push(instruction, line)
    }

    fn refuse(&mut self, why: Unknown, line: u32) {
        self.push(Instruction::Unknown(why), line);
    }

    fn jump(&mut self, label: usize, line: u32) {
        self.push(Instruction::Jump(label), line);
    }

    fn unless(&mut self, condition: &Expr, label: usize) {
        let condition = self.expression(condition);
        let line = condition.line;
        self.builder.push(Instruction::Unless { condition, to: label }, line);
    }

    /// A loop's body, in which `break` and `continue` have these targets.
    fn body(&mut self, body: &Stmt, on_break: usize, on_continue: usize) {
        self.builder.breaks.push(on_break);
        self.builder.continues.push(on_continue);
        self.lone(body);
        self.builder.breaks.pop();
        self.builder.continues.pop();
    }

    fn statement(&mut self, statement: &Stmt) {
        let line = statement.at.line;
        match &statement.kind {
            StmtKind::Empty => {}
            StmtKind::Expr(expression) => self.expression_statement(expression),
            StmtKind::Declare(variables) => variables.iter().for_each(|variable| self.declare(variable)),
            StmtKind::Block(statements) => self.scoped(statements),
            StmtKind::If { condition, yes, no } => {
                let (other, end) = (self.builder.label(), self.builder.label());
                self.unless(condition, other);
                self.lone(yes);
                if let Some(no) = no {
                    self.jump(end, line);
                    self.builder.place(other);
                    self.lone(no);
                } else {
                    self.builder.place(other);
                }
                self.builder.place(end);
            }
            StmtKind::While { condition, body } => {
                let (head, end) = (self.builder.label(), self.builder.label());
                self.builder.place(head);
                self.unless(condition, end);
                self.body(body, end, head);
                self.jump(head, line);
                self.builder.place(end);
            }
            StmtKind::Do { body, condition } => {
                let (head, test, end) = (self.builder.label(), self.builder.label(), self.builder.label());
                self.builder.place(head);
                self.body(body, end, test);
                self.builder.place(test);
                // `do { .. } while (0)` is no loop.
                if !matches!(condition.kind, ExprKind::Int(0, _)) {
                    self.unless(condition, end);
                    self.jump(head, condition.at.line);
                }
                self.builder.place(end);
            }
            StmtKind::For { first, condition, step, body } => {
                self.begin_scope();
                if let Some(first) = first {
                    self.statement(first);
                }
                let (head, next, end) = (self.builder.label(), self.builder.label(), self.builder.label());
                self.builder.place(head);
                if let Some(condition) = condition {
                    self.unless(condition, end);
                }
                self.body(body, end, next);
                self.builder.place(next);
                if let Some(step) = step {
                    let step = self.expression(step);
                    self.push(Instruction::Evaluate(step), line);
                }
                self.jump(head, line);
                self.builder.place(end);
                self.end_scope();
            }
            StmtKind::Switch { on, body } => self.switch(on, body, line),
            StmtKind::Case(first, last) => {
                let label = self.builder.label();
                self.builder.place(label);
                let first = self.expression(first);
                let last = last.as_ref().map(|last| self.expression(last));
                match self.builder.switches.last_mut() {
                    Some(switch) => switch.cases.push(Case { first, last, to: label }),
                    None => self.refuse(Unknown::Construct("`case` outside a switch".into()), line),
                }
            }
            StmtKind::Default => {
                let label = self.builder.label();
                self.builder.place(label);
                match self.builder.switches.last_mut() {
                    Some(switch) => switch.other = Some(label),
                    None => self.refuse(Unknown::Construct("`default` outside a switch".into()), line),
                }
            }
            StmtKind::Label(name) => {
                let label = self.builder.named(name);
                self.builder.place(label);
            }
            StmtKind::Goto(name) => {
                let label = self.builder.named(name);
                let at = self.push(Instruction::Jump(label), line);
                self.builder.gotos.push((name.clone(), at));
            }
            StmtKind::Break => match self.builder.breaks.last().copied() {
                Some(label) => self.jump(label, line),
                None => self.refuse(Unknown::Construct("`break` out of an expression".into()), line),
            },
            StmtKind::Continue => match self.builder.continues.last().copied() {
                Some(label) => self.jump(label, line),
                None => self.refuse(Unknown::Construct("`continue` out of an expression".into()), line),
            },
            StmtKind::Return(value) => {
                let value = value.as_ref().map(|value| self.expression(value));
                self.push(Instruction::Return(value), line);
            }
            StmtKind::Macro { name, .. } => self.refuse(Unknown::Function(name.to_string()), line),
            StmtKind::Asm => self.refuse(Unknown::Construct("`asm`".into()), line),
        }
    }

    fn switch(&mut self, on: &Expr, body: &Stmt, line: u32) {
        let end = self.builder.label();
        let on = self.expression(on);
        let at = self.push(Instruction::Jump(end), line);
        self.builder.switches.push(Switch::default());
        self.builder.breaks.push(end);
        self.lone(body);
        self.builder.breaks.pop();
        let Switch { cases, other } = self.builder.switches.pop().unwrap_or_default();
        self.builder.place(end);
        let other = other.unwrap_or(end);
        self.builder.block.instructions[at] = Instruction::Switch { on, cases, other };
    }

    fn expression_statement(&mut self, expression: &Expr) {
        let line = expression.at.line;
        if let Some((name, define, arguments)) = self.macro_call(expression)
            && define.expression(self.program.hints()).is_err()
            && let Ok(statements) = define.statements(self.program.hints())
        {
            match self.bind(&define, arguments) {
                Ok(scope) => {
                    self.scopes.push(scope);
                    self.begun.push(Vec::new());
                    self.opened(&name, line, |compiler| compiler.list(&statements));
                    self.end_scope();
                }
                Err(why) => self.refuse(why, line),
            }
            return;
        }
        let expression = self.expression(expression);
        self.push(Instruction::Evaluate(expression), line);
    }

    fn declare(&mut self, variable: &Variable) {
        let line = variable.at.line;
        if variable.is_extern {
            return;
        }
        if variable.is_static {
            let why = format!("the static variable `{}` of a function", variable.name);
            return self.refuse(Unknown::Construct(why), line);
        }
        if let Some(attribute) = variable.attributes.first() {
            let why = format!("`{attribute}` of the variable `{}`", variable.name);
            return self.refuse(Unknown::Construct(why), line);
        }
        let name: Name = self.written_name(&variable.name);
        let initial = variable.initial.as_ref();
        let shape = match (self.shape(&variable.of), initial.map(|initial| &initial.kind)) {
            // `[]`: as long as what it is given.
            (Shape::Array(of, None), Some(ExprKind::List(entries)))
                if matches!(variable.of, c_text::Type::Array(_, None))
                    && entries.iter().all(|entry| entry.to.is_empty()) =>
            {
                Shape::Array(of, Some(entries.len()))
            }
            (Shape::Array(_, None), _) => {
                let why = format!("the length of the array `{name}`");
                return self.refuse(Unknown::Construct(why), line);
            }
            (shape, _) => shape,
        };
        // In C it is seen by its own first value; until that is set it is declared without one.
        let slot = match self.begin(name, shape.clone()) {
            Ok(slot) => slot,
            Err(why) => return self.refuse(why, line),
        };
        let first = initial.map(|initial| self.initial(initial, &shape));
        self.push(Instruction::Declare { slot, first }, line);
    }

    /// A first value.
    pub(super) fn initial(&mut self, of: &Expr, shape: &Shape) -> Node {
        match &of.kind {
            ExprKind::List(entries) => self.entries(entries, shape, of.at.line),
            _ => self.expression(of),
        }
    }

    /// A statement expression.
    pub(super) fn block(&mut self, statements: &[Stmt]) -> Block {
        let outer = std::mem::take(&mut self.builder);
        let first_own = self.slots.len();
        self.begin_scope();
        if let Some((last, others)) = statements.split_last() {
            self.list(others);
            match &last.kind {
                StmtKind::Expr(value) => {
                    let value = self.expression(value);
                    let line = value.line;
                    self.builder.push(Instruction::Value(value), line);
                }
                _ => self.statement(last),
            }
        }
        self.end_scope();
        let mut block = std::mem::replace(&mut self.builder, outer).finish();
        debug_assert!(first_own <= self.slots.len());
        block.liveness = liveness(&block, &self.slots, &self.extents, 0);
        block
    }

    pub(super) fn block_node(&mut self, statements: &[Stmt], line: u32) -> Node {
        let line = self.line_of(line);
        match statements {
            [] => Node { line, kind: NodeKind::Value(Value::Void) },
            _ => Node { line, kind: NodeKind::Block(Arc::new(self.block(statements))) },
        }
    }
}
