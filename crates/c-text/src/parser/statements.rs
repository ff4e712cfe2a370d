//! Statements.

use crate::ast::{Stmt, StmtKind, Type, Variable};
use crate::token::Kind;

use super::types::Declarator;
use super::{Parsed, Parser};

impl Parser<'_> {
    /// `{ .. }`
    pub(super) fn block(&mut self) -> Parsed<Vec<Stmt>> {
        self.expect("{")?;
        let mut statements = Vec::new();
        while !self.take("}") {
            if self.token().is_none() {
                return self.expected("`}`");
            }
            self.side_by_side(|parser| parser.push(&mut statements))?;
        }
        Ok(statements)
    }

    pub(super) fn statements_to_end(&mut self) -> Parsed<Vec<Stmt>> {
        let mut statements = Vec::new();
        while self.token().is_some() {
            self.side_by_side(|parser| parser.push(&mut statements))?;
        }
        Ok(statements)
    }

    /// One statement; labels before it are statements of their own.
    fn push(&mut self, statements: &mut Vec<Stmt>) -> Parsed<()> {
        let at = self.at();
        let kind = match self.peek() {
            "case" => {
                self.next += 1;
                let first = self.conditional()?;
                let last = if self.take("...") { Some(self.conditional()?) } else { None };
                self.expect(":")?;
                StmtKind::Case(first, last)
            }
            "default" if self.peek_second() == ":" => {
                self.next += 2;
                StmtKind::Default
            }
            _ if self.is_name(self.next) && self.peek_second() == ":" => {
                let name = self.name("a label")?;
                self.next += 1;
                StmtKind::Label(name)
            }
            _ => {
                let statement = self.statement()?;
                statements.push(statement);
                return Ok(());
            }
        };
        statements.push(Stmt { at, kind });
        Ok(())
    }

    /// The statement that another governs, with the labels before it.
    fn governed(&mut self) -> Parsed<Box<Stmt>> {
        self.nested(|parser| {
            let at = parser.at();
            let mut statements = Vec::new();
            loop {
                parser.push(&mut statements)?;
                match statements.last().map(|statement| &statement.kind) {
                    Some(StmtKind::Label(_) | StmtKind::Case(..) | StmtKind::Default) => {}
                    _ => break,
                }
            }
            let is_lone = statements.len() == 1;
            Ok(Box::new(match statements.pop() {
                Some(lone) if is_lone => lone,
                last => {
                    statements.extend(last);
                    Stmt { at, kind: StmtKind::Block(statements) }
                }
            }))
        })
    }

    fn statement(&mut self) -> Parsed<Stmt> {
        let at = self.at();
        let word = self.peek();
        let kind = match word {
            "{" => StmtKind::Block(self.nested(Parser::block)?),
            ";" => {
                self.next += 1;
                StmtKind::Empty
            }
            "if" => {
                self.next += 1;
                let condition = self.in_parentheses()?;
                let yes = self.governed()?;
                let no = if self.take("else") { Some(self.governed()?) } else { None };
                StmtKind::If { condition, yes, no }
            }
            "while" => {
                self.next += 1;
                let condition = self.in_parentheses()?;
                StmtKind::While { condition, body: self.governed()? }
            }
            "do" => {
                self.next += 1;
                let body = self.governed()?;
                self.expect("while")?;
                let condition = self.in_parentheses()?;
                self.semicolon()?;
                StmtKind::Do { body, condition }
            }
            "for" => self.for_loop()?,
            "switch" => {
                self.next += 1;
                let on = self.in_parentheses()?;
                StmtKind::Switch { on, body: self.governed()? }
            }
            "goto" => {
                self.next += 1;
                let label = self.name("a label")?;
                self.semicolon()?;
                StmtKind::Goto(label)
            }
            "break" | "continue" => {
                self.next += 1;
                self.semicolon()?;
                if word == "break" { StmtKind::Break } else { StmtKind::Continue }
            }
            "return" => {
                self.next += 1;
                let value = if self.peek() == ";" { None } else { Some(self.expression()?) };
                self.semicolon()?;
                StmtKind::Return(value)
            }
            "asm" | "__asm__" => {
                self.next += 1;
                while self.kind_at(self.next) == Some(Kind::Word) {
                    self.next += 1;
                }
                let Some(close) = self.close_of(self.next) else { return self.expected("`(`") };
                self.next = close + 1;
                self.semicolon()?;
                StmtKind::Asm
            }
            "_Static_assert" => {
                self.skip_to_semicolon();
                StmtKind::Empty
            }
            // `static DEFINE_..(name, ..);` is whatever the macro makes of it.
            "static" if self.is_name(self.next + 1) && self.word_at(self.next + 2) == "(" => {
                self.next += 1;
                return self.expression_statement();
            }
            _ if self.is_declaration() => StmtKind::Declare(self.local_declaration()?),
            _ => return self.expression_statement(),
        };
        Ok(Stmt { at, kind })
    }

    /// The end of a statement. That of a macro's last one is where it is used.
    fn semicolon(&mut self) -> Parsed<()> {
        if self.next == self.tokens.len() { Ok(()) } else { self.expect(";") }
    }

    fn skip_to_semicolon(&mut self) {
        while !matches!(self.peek(), ";" | "") {
            self.next += 1;
        }
        self.take(";");
    }

    fn for_loop(&mut self) -> Parsed<StmtKind> {
        self.next += 1;
        self.expect("(")?;
        let at = self.at();
        let first = if self.take(";") {
            None
        } else if self.is_declaration() {
            Some(Box::new(Stmt { at, kind: StmtKind::Declare(self.local_declaration()?) }))
        } else {
            let first = self.expression()?;
            self.expect(";")?;
            Some(Box::new(Stmt { at, kind: StmtKind::Expr(first) }))
        };
        let condition = if self.peek() == ";" { None } else { Some(self.expression()?) };
        self.expect(";")?;
        let step = if self.peek() == ")" { None } else { Some(self.expression()?) };
        self.expect(")")?;
        Ok(StmtKind::For { first, condition, step, body: self.governed()? })
    }

    /// An expression, or a macro that heads a statement.
    fn expression_statement(&mut self) -> Parsed<Stmt> {
        let at = self.at();
        if self.is_name(self.next)
            && self.peek_second() == "("
            && let Some(close) = self.close_of(self.next + 1)
        {
            let word = self.peek();
            let is_loop = self.hints.loops.iter().any(|part| word.contains(part.as_str()));
            let behind = self.word_at(close + 1);
            if behind == "{" || is_loop && !matches!(behind, ";" | "") {
                let name = self.name("a macro")?;
                let arguments = self.arguments()?;
                let body = self.governed()?;
                return Ok(Stmt { at, kind: StmtKind::Macro { name, arguments, body } });
            }
        }
        let expression = self.expression()?;
        self.semicolon()?;
        Ok(Stmt { at, kind: StmtKind::Expr(expression) })
    }

    fn local_declaration(&mut self) -> Parsed<Vec<Variable>> {
        let (base, storage) = self.specifiers()?;
        let mut variables = Vec::new();
        if self.take(";") {
            return Ok(variables);
        }
        loop {
            let Declarator { name, of } = self.declarator(base.clone())?;
            let Some((name, at)) = name else { return self.expected("the name of a variable") };
            let attributes = self.meaningful_attributes()?;
            let initial = if self.take("=") { Some(self.side_by_side(Parser::initial)?) } else { None };
            let is_extern = storage.is_extern || matches!(of, Type::Function { .. });
            let (is_static, is_const) = (storage.is_static, storage.is_const);
            variables.push(Variable { name, at, of, initial, is_static, is_extern, is_const, attributes });
            if !self.take(",") {
                break;
            }
        }
        self.semicolon()?;
        Ok(variables)
    }

    pub(super) fn meaningful_attributes(&mut self) -> Parsed<Vec<crate::Name>> {
        let mut attributes = Vec::new();
        while self.hints.meaningful.contains(self.peek()) {
            let from = self.next;
            self.next += 1;
            if self.peek() == "(" {
                let Some(close) = self.close_of(self.next) else { return self.expected("`)`") };
                self.next = close + 1;
            }
            attributes.push(crate::token::code(self.text, &self.tokens[from..self.next]).into());
        }
        Ok(attributes)
    }
}
