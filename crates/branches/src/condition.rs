//! Conditions: what of them is an operand.

use syn::{BinOp, Expr, UnOp};

/// A condition taken apart.
pub(crate) enum Condition<'a> {
    And(&'a Expr, &'a Expr),
    Or(&'a Expr, &'a Expr),
    Not(&'a Expr),
    /// `let PATTERN = EXPRESSION`
    Let(&'a syn::ExprLet),
    /// Anything else.
    Test(&'a Expr),
}

/// Takes a condition apart, one level.
pub(crate) fn condition(expr: &Expr) -> Condition<'_> {
    match expr {
        Expr::Paren(paren) => condition(&paren.expr),
        Expr::Group(group) => condition(&group.expr),
        Expr::Binary(binary) => match binary.op {
            BinOp::And(_) => Condition::And(&binary.left, &binary.right),
            BinOp::Or(_) => Condition::Or(&binary.left, &binary.right),
            _ => Condition::Test(expr),
        },
        Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) => Condition::Not(&unary.expr),
        Expr::Let(matching) => Condition::Let(matching),
        _ => Condition::Test(expr),
    }
}

/// Whether it has operands of its own.
pub(crate) fn is_compound(expr: &Expr) -> bool {
    match condition(expr) {
        Condition::And(..) | Condition::Or(..) => true,
        Condition::Not(inner) => is_compound(inner),
        _ => false,
    }
}

/// Whether an operand is a pattern, of which nothing tells whether it matched.
pub(crate) fn has_let(expr: &Expr) -> bool {
    match condition(expr) {
        Condition::And(left, right) | Condition::Or(left, right) => has_let(left) || has_let(right),
        Condition::Let(_) => true,
        _ => false,
    }
}
