//! The walk over a source that finds its branches and where to mark them.

use std::ops::Range;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, Expr, FnArg, Pat, Signature, Stmt, Type};

use crate::condition::{Condition, condition, has_let, is_compound};
use crate::{Branch, Edit, Mark, Places, Way, excerpt};

/// Who has one of these can take steps.
const STEPPERS: [&str; 4] = ["Kernel", "Task", "User", "Machine"];
/// What they are called where a closure does not give the type.
const STEPPER_NAMES: [&str; 3] = ["k", "task", "user"];
/// Methods that only `Option` and `Result` have, and that decide by what is in them.
const DECIDING: [&str; 9] = [
    "map_or",
    "map_or_else",
    "unwrap_or",
    "unwrap_or_else",
    "unwrap_or_default",
    "ok_or",
    "is_some_and",
    "is_none_or",
    "is_ok_and",
];
/// Methods whose closure answers a question.
const ASKING: [&str; 9] =
    ["all", "any", "filter", "find", "position", "skip_while", "take_while", "is_some_and", "is_none_or"];

pub(crate) struct Walked {
    pub(crate) branches: Vec<(Branch, Places)>,
    pub(crate) edits: Vec<Edit>,
}

pub(crate) fn walk(source: &str, file: &syn::File) -> Walked {
    let mut walk = Walk {
        source,
        walked: Walked { branches: Vec::new(), edits: Vec::new() },
        function: String::new(),
        of: String::new(),
        steps: false,
        here: Place::default(),
        statement: 0,
    };
    walk.visit_file(file);
    walk.walked
}

/// Where control is.
#[derive(Clone, Copy, Default)]
struct Place {
    /// The innermost branch around.
    inside: Option<usize>,
    /// To be here is to have reached that branch, and no more.
    exact: bool,
}

struct Walk<'s> {
    source: &'s str,
    walked: Walked,
    function: String,
    /// The type or trait around, with `::`.
    of: String,
    /// Whether the function can take steps.
    steps: bool,
    here: Place,
    /// The line of the innermost statement.
    statement: usize,
}

fn range(spanned: &impl Spanned) -> Range<usize> {
    spanned.span().byte_range()
}

fn line(spanned: &impl Spanned) -> usize {
    spanned.span().start().line
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

/// Whether a type names somebody who can take steps, or a function that is given one.
fn names_stepper(tokens: &Type) -> bool {
    struct Names(bool);
    impl<'ast> Visit<'ast> for Names {
        fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
            self.0 |= STEPPERS.iter().any(|stepper| segment.ident == stepper);
            visit::visit_path_segment(self, segment);
        }
    }
    let mut names = Names(false);
    names.visit_type(tokens);
    names.0
}

fn panics(macros: &syn::Macro) -> bool {
    let name = macros.path.segments.last().map(|segment| segment.ident.to_string());
    name.is_some_and(|name| ["panic", "unreachable", "todo", "unimplemented"].contains(&name.as_str()))
}

/// Whether nothing happens but a panic.
fn only_panics(expr: &Expr) -> bool {
    match expr {
        Expr::Macro(expr) => panics(&expr.mac),
        // The modelled code's own assertion.
        Expr::Call(call) => matches!(&*call.func, Expr::Path(path) if path.path.is_ident("bug")),
        Expr::Block(block) => block_only_panics(&block.block),
        _ => false,
    }
}

fn block_only_panics(block: &Block) -> bool {
    match &block.stmts[..] {
        [Stmt::Macro(statement)] => panics(&statement.mac),
        [Stmt::Expr(expr, _)] => only_panics(expr),
        _ => false,
    }
}

fn unparenthesized(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(paren) => unparenthesized(&paren.expr),
        _ => expr,
    }
}

impl Walk<'_> {
    fn branch(&mut self, way: Way, code: Range<usize>, lines: &[usize], block: Option<usize>) -> usize {
        let places = Places { lines: lines.to_vec(), block };
        let line = lines.first().copied().unwrap_or_default();
        let (function, code) = (self.function.clone(), excerpt(self.source, code));
        let branch = Branch { function, line, code, way, inside: self.here.inside, reason: None };
        self.walked.branches.push((branch, places));
        self.walked.branches.len() - 1
    }

    fn begin(&mut self, at: usize, mark: Mark) {
        self.walked.edits.push(Edit { at, begins: true, mark });
    }

    fn end(&mut self, at: usize, mark: Mark) {
        self.walked.edits.push(Edit { at, begins: false, mark });
    }

    fn within<R>(&mut self, place: Place, walk: impl FnOnce(&mut Self) -> R) -> R {
        let before = std::mem::replace(&mut self.here, Place { exact: false, ..place });
        let walked = walk(self);
        self.here = before;
        walked
    }

    fn inside(&self, branch: usize) -> Place {
        Place { inside: Some(branch), ..self.here }
    }

    /// A block that is a branch of its own; what is in it is inside of it.
    fn branch_block(&mut self, branch: usize, block: &Block) {
        // Not `begin`: a mark comes before everything that begins at the same place.
        self.end(range(&block.brace_token.span.open()).end, Mark::Passed(branch));
        self.within(self.inside(branch), |walk| walk.visit_block(block));
    }

    /// Likewise, of an expression.
    fn branch_expr(&mut self, branch: usize, expr: &Expr) {
        match expr {
            Expr::Block(block) if block.label.is_none() && block.attrs.is_empty() => {
                self.branch_block(branch, &block.block);
            }
            _ => {
                let Range { start, end } = range(expr);
                self.begin(start, Mark::Block(branch));
                self.within(self.inside(branch), |walk| walk.visit_expr(expr));
                self.end(end, Mark::EndOfBlock);
            }
        }
    }

    /// Two ways for the value of an expression that is handed through a mark.
    fn through(&mut self, expr: &Expr, (yes, no): (Way, Way), mark: fn(usize) -> Mark) -> (Place, Place) {
        let Range { start, end } = range(expr);
        // A condition may take several lines of a statement.
        let lines = [line(expr), self.statement];
        let branch = self.branch(yes, start..end, &lines, None);
        self.branch(no, start..end, &lines, None);
        self.begin(start, mark(branch));
        self.visit_expr(expr);
        self.end(end, Mark::EndOfCall);
        let place = |inside| Place { exact: true, ..self.inside(inside) };
        (place(branch), place(branch + 1))
    }

    /// Visits a condition and gives where control is when it is true, and when it is false. `marks` says
    /// whether a test of its own is marked; operands always are.
    fn condition(&mut self, expr: &Expr, marks: bool) -> (Place, Place) {
        let here = Place { exact: false, ..self.here };
        match condition(expr) {
            Condition::And(left, right) => {
                let (left_true, _) = self.condition(left, true);
                let (right_true, _) = self.within(left_true, |walk| walk.condition(right, true));
                (right_true, here)
            }
            Condition::Or(left, right) => {
                let (_, left_false) = self.condition(left, true);
                let (_, right_false) = self.within(left_false, |walk| walk.condition(right, true));
                (here, right_false)
            }
            Condition::Not(inner) => {
                let (yes, no) = self.condition(inner, marks);
                (no, yes)
            }
            Condition::Let(matching) => {
                self.visit_expr(&matching.expr);
                (here, here)
            }
            Condition::Test(test) if marks => self.through(test, (Way::True, Way::False), Mark::Tested),
            Condition::Test(test) => {
                self.visit_expr(test);
                (here, here)
            }
        }
    }

    /// Visits a block that control enters at `place`: a branch of its own, unless the place is a branch already.
    fn enter(&mut self, place: Place, block: &Block, (way, code, line_of): (Way, &Range<usize>, usize)) {
        let opens = line(&block.brace_token.span.open());
        if block_only_panics(block) {
            return;
        }
        if let Some(inside) = place.inside.filter(|_| place.exact) {
            self.walked.branches[inside].1.block.get_or_insert(opens);
        }
        let before = std::mem::replace(&mut self.here, place);
        if place.exact {
            self.within(place, |walk| walk.visit_block(block));
        } else {
            let branch = self.branch(way, code.clone(), &[line_of], Some(opens));
            self.branch_block(branch, block);
        }
        self.here = before;
    }

    fn function(&mut self, name: &syn::Ident, signature: &Signature, block: &Block) {
        let has = |input: &FnArg| match input {
            FnArg::Receiver(_) => STEPPERS.iter().any(|stepper| self.of == format!("{stepper}::")),
            FnArg::Typed(typed) => names_stepper(&typed.ty),
        };
        let steps = signature.constness.is_none() && signature.inputs.iter().any(has);
        let outer = (self.function.clone(), self.steps, self.statement, self.here);
        self.function = format!("{}{name}", self.of);
        (self.steps, self.statement, self.here) = (steps, 0, Place::default());
        if steps && !block_only_panics(block) {
            let branch = self.branch(Way::Called, range(name), &[line(&signature.fn_token)], None);
            self.branch_block(branch, block);
        } else {
            // It may still have closures that can.
            self.visit_block(block);
        }
        (self.function, self.steps, self.statement, self.here) = outer;
    }

    fn within_type(&mut self, name: String, walk: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.of, name);
        walk(self);
        self.of = outer;
    }

    /// A closure; `asked` says that its answer decides, `called` that it is called wherever control
    /// gets here.
    fn closure(&mut self, closure: &syn::ExprClosure, asked: bool, called: bool) {
        if !self.steps {
            let is_stepper = |pat: &Pat| match pat {
                Pat::Ident(ident) => STEPPER_NAMES.iter().any(|name| ident.ident == name),
                Pat::Type(typed) => names_stepper(&typed.ty),
                _ => false,
            };
            if closure.inputs.iter().any(is_stepper) {
                let outer = self.here;
                (self.steps, self.here) = (true, Place::default());
                self.closure(closure, asked, called);
                (self.steps, self.here) = (false, outer);
            } else {
                self.visit_expr(&closure.body);
            }
            return;
        }
        if only_panics(&closure.body) {
            return;
        }
        let body = unparenthesized(&closure.body);
        let walk = |walk: &mut Self| match asked && !matches!(body, Expr::Block(_)) {
            true => {
                walk.condition(&closure.body, true);
            }
            false => walk.visit_expr(&closure.body),
        };
        if called {
            return walk(self);
        }
        let Range { start, end } = range(&closure.body);
        let head = range(&closure.inputs_begin).start..range(&closure.inputs_end).end;
        let opens = matches!(&*closure.body, Expr::Block(_)).then(|| line(&closure.body));
        let branch = self.branch(Way::Called, head, &[line(closure)], opens);
        if let Expr::Block(block) = &*closure.body
            && block.label.is_none()
        {
            return self.branch_block(branch, &block.block);
        }
        self.begin(start, Mark::Block(branch));
        self.within(self.inside(branch), walk);
        self.end(end, Mark::EndOfBlock);
    }

    fn argument(&mut self, argument: &Expr, asked: bool, called: bool) {
        match argument {
            Expr::Closure(expr) => self.closure(expr, asked, called),
            _ => self.visit_expr(argument),
        }
    }
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_test(&item.attrs) {
            self.within_type(String::new(), |walk| walk.function(&item.sig.ident, &item.sig, &item.block));
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let name = match &*item.self_ty {
            Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
            _ => None,
        };
        let name = name.map_or(String::new(), |name| format!("{name}::"));
        self.within_type(name, |walk| visit::visit_item_impl(walk, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig.ident, &item.sig, &item.block);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.within_type(format!("{}::", item.ident), |walk| visit::visit_item_trait(walk, item));
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig.ident, &item.sig, block);
        }
    }

    // Evaluated before anything runs.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_type(&mut self, _: &'ast Type) {}
    fn visit_pat(&mut self, _: &'ast Pat) {}

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        let outer = std::mem::replace(&mut self.statement, line(statement));
        visit::visit_stmt(self, statement);
        self.statement = outer;
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        let Some(init) = &local.init else { return };
        self.visit_expr(&init.expr);
        let Some((_, diverging)) = &init.diverge else { return };
        if !self.steps || only_panics(diverging) {
            return;
        }
        let code = range(&local.let_token).start..range(&*init.expr).end;
        let at = [line(local)];
        let matches = self.branch(Way::Matches, code.clone(), &at, None);
        let differs = self.branch(Way::Differs, code, &at, Some(line(diverging)));
        self.branch_expr(differs, diverging);
        self.end(range(&local.semi_token).end, Mark::Passed(matches));
    }

    fn visit_expr_if(&mut self, expr: &'ast syn::ExprIf) {
        if !self.steps {
            return visit::visit_expr_if(self, expr);
        }
        let (yes, no) = self.condition(&expr.cond, is_compound(&expr.cond));
        let (code, at) = (range(&*expr.cond), line(expr));
        let (matches, differs) = match condition(&expr.cond) {
            Condition::Let(_) => (Way::Matches, Way::Differs),
            _ => (Way::True, Way::False),
        };
        let then = &expr.then_branch;
        self.enter(yes, then, (matches, &code, at));
        match &expr.else_branch {
            Some((_, other)) => match &**other {
                Expr::Block(block) => self.enter(no, &block.block, (differs, &code, at)),
                // What it decides tells whether control came there.
                other => self.within(no, |walk| walk.visit_expr(other)),
            },
            None if no.exact || block_only_panics(then) => {}
            // The operands tell.
            None if is_compound(&expr.cond) && !has_let(&expr.cond) => {}
            None => {
                let branch = self.branch(differs, code, &[at], None);
                self.end(range(then).end, Mark::Else(branch));
            }
        }
    }

    fn visit_expr_binary(&mut self, expr: &'ast syn::ExprBinary) {
        if self.steps && matches!(expr.op, syn::BinOp::And(_) | syn::BinOp::Or(_)) {
            let (left, right) = (&*expr.left, &*expr.right);
            let (yes, no) = self.condition(left, true);
            let next = if matches!(expr.op, syn::BinOp::And(_)) { yes } else { no };
            self.within(next, |walk| {
                walk.condition(right, true);
            });
        } else {
            visit::visit_expr_binary(self, expr);
        }
    }

    fn visit_expr_match(&mut self, expr: &'ast syn::ExprMatch) {
        if !self.steps {
            return visit::visit_expr_match(self, expr);
        }
        self.visit_expr(&expr.expr);
        for arm in &expr.arms {
            let outer = std::mem::replace(&mut self.statement, line(&arm.pat));
            if let Pat::Guard(guard) = &arm.pat {
                self.condition(&guard.guard, is_compound(&guard.guard));
            }
            if !only_panics(&arm.body) {
                let opens = matches!(&*arm.body, Expr::Block(_)).then(|| line(&arm.body));
                let branch = self.branch(Way::Matches, range(&arm.pat), &[line(&arm.pat)], opens);
                self.branch_expr(branch, &arm.body);
            }
            self.statement = outer;
        }
    }

    fn visit_expr_while(&mut self, expr: &'ast syn::ExprWhile) {
        if !self.steps {
            return visit::visit_expr_while(self, expr);
        }
        let (yes, _) = self.condition(&expr.cond, is_compound(&expr.cond));
        let code = range(&expr.while_token).start..range(&*expr.cond).end;
        self.enter(yes, &expr.body, (Way::Round, &code, line(expr)));
    }

    fn visit_expr_for_loop(&mut self, expr: &'ast syn::ExprForLoop) {
        self.visit_expr(&expr.expr);
        if !self.steps {
            return self.visit_block(&expr.body);
        }
        let code = range(&expr.for_token).start..range(&*expr.expr).end;
        self.enter(self.here, &expr.body, (Way::Round, &code, line(expr)));
    }

    fn visit_expr_try(&mut self, expr: &'ast syn::ExprTry) {
        if self.steps {
            self.through(&expr.expr, (Way::Value, Way::NoValue), Mark::Given);
        } else {
            visit::visit_expr_try(self, expr);
        }
    }

    fn visit_expr_closure(&mut self, expr: &'ast syn::ExprClosure) {
        self.closure(expr, false, false);
    }

    fn visit_expr_call(&mut self, expr: &'ast syn::ExprCall) {
        let is_word = |name: &str| match &*expr.func {
            Expr::Path(path) => path.path.segments.last().is_some_and(|segment| segment.ident == name),
            _ => false,
        };
        let called = is_word("call") || is_word("again");
        self.visit_expr(&expr.func);
        for argument in &expr.args {
            self.argument(argument, false, called);
        }
    }

    fn visit_expr_method_call(&mut self, expr: &'ast syn::ExprMethodCall) {
        let is_one_of = |names: &[&str]| names.iter().any(|name| expr.method == name);
        let closure = matches!(expr.args.first(), Some(Expr::Closure(_)));
        if self.steps && is_one_of(&DECIDING) {
            self.through(&expr.receiver, (Way::Value, Way::NoValue), Mark::Given);
        } else if self.steps && expr.method == "then" && closure {
            self.condition(&expr.receiver, true);
        } else {
            self.visit_expr(&expr.receiver);
        }
        if is_one_of(&["showing"]) {
            return;
        }
        for argument in &expr.args {
            self.argument(argument, is_one_of(&ASKING), false);
        }
    }
}
