//! Values as variables hold them.

use c_text::IntType;

use crate::shape::{Pointee, Shape};
use crate::{Pointer, Run, Stop, Unknown, Value, integer};

/// How many values a variable may have.
const VALUES_MAX: usize = 1 << 16;

impl Run<'_> {
    /// A variable begins.
    pub(crate) fn declare(&self, slot: u16) -> Result<(), Stop> {
        let slot = usize::from(slot);
        let is_plain = self.with_frame(|frame| {
            let is_plain = matches!(frame.shape(slot), Shape::Int(_) | Shape::Pointer(_));
            if is_plain && frame.slots[slot] != Value::Unset {
                frame.set(slot, Value::Unset);
            }
            is_plain
        });
        if is_plain {
            return Ok(());
        }
        let function = self.with_frame(|frame| frame.function.clone()).expect("only functions declare");
        let unset = self.fresh(&function.slots[slot].shape, false)?;
        self.with_frame(|frame| frame.set(slot, unset));
        Ok(())
    }

    /// A variable that began gets its first value.
    pub(crate) fn set_first(&self, slot: u16, value: Value) -> Result<(), Stop> {
        let slot = usize::from(slot);
        if let Value::Int(value, _) = value
            && self.with_frame(|frame| frame.set_integer(slot, value)).is_some()
        {
            return Ok(());
        }
        let function = self.with_frame(|frame| frame.function.clone()).expect("only functions declare");
        let value = self.converted(value, &function.slots[slot].shape)?;
        self.with_frame(|frame| frame.set(slot, value));
        Ok(())
    }

    /// A value of this shape: not set, or 0.
    pub(crate) fn fresh(&self, shape: &Shape, is_zero: bool) -> Result<Value, Stop> {
        if shape.size() > VALUES_MAX {
            return Err(
                self.unknown(Unknown::Construct(format!("a variable of more than {VALUES_MAX} values")))
            );
        }
        Ok(match shape {
            Shape::Int(of) if is_zero => Value::Int(0, *of),
            Shape::Bits { .. } if is_zero => Value::Int(0, IntType::INT),
            Shape::Pointer(_) if is_zero => Value::null(),
            Shape::Int(_) | Shape::Bits { .. } | Shape::Pointer(_) | Shape::Open | Shape::Void => {
                Value::Unset
            }
            Shape::Array(of, Some(length)) => {
                let one = self.fresh(of, is_zero)?;
                Value::Array(vec![one; *length])
            }
            Shape::Array(_, None) => {
                return Err(self.unknown(Unknown::Construct("an array without a length".into())));
            }
            Shape::Record(of) => {
                let members = of.members.iter().map(|(name, member)| {
                    // A member that nobody knows is nobody's affair until it is used.
                    let value = match &member.shape {
                        Shape::Unknown(_) | Shape::Array(_, None) => Value::Unset,
                        shape => self.fresh(shape, is_zero)?,
                    };
                    Ok((name.clone(), value))
                });
                Value::Record(members.collect::<Result<_, Stop>>()?)
            }
            Shape::Modelled(name) => match self.words.modelled(self, name) {
                Some(value) => value,
                None => return Err(self.unknown(Unknown::Type(format!("struct {name}")))),
            },
            Shape::Unknown(why) => return Err(self.unknown(why.clone())),
        })
    }

    /// A value as a variable of this shape holds it.
    pub(crate) fn converted(&self, value: Value, shape: &Shape) -> Result<Value, Stop> {
        Ok(match (value, shape) {
            (Value::Int(value, _), Shape::Int(of)) => Value::Int(integer::convert(value, *of), *of),
            (Value::Int(value, _), Shape::Bits { width, is_signed }) => {
                Value::Int(integer::cut(value, *width, *is_signed), IntType::INT)
            }
            (Value::Int(value, _), Shape::Pointer(_)) => Value::Pointer(Pointer::Number(value)),
            (Value::Pointer(Pointer::Number(number)), Shape::Int(of)) => {
                Value::Int(integer::convert(number, *of), *of)
            }
            (Value::Pointer(_) | Value::Address(_), Shape::Int(IntType { bits: 1, .. })) => {
                Value::Int(1, IntType::BOOL)
            }
            (Value::Pointer(pointer) | Value::Address(pointer), Shape::Int(IntType { bits: 64, .. })) => {
                Value::Address(pointer)
            }
            (Value::Pointer(pointer) | Value::Address(pointer), Shape::Int(of)) => {
                return Err(self.unknown(Unknown::Construct(format!("{pointer} as {of}"))));
            }
            (Value::Pointer(pointer) | Value::Address(pointer), Shape::Pointer(to)) => {
                self.check_pointee(&pointer, to)?;
                Value::Pointer(pointer)
            }
            (value @ Value::Record(_), Shape::Record(_)) | (value @ Value::Array(_), Shape::Array(..)) => {
                value
            }
            (value @ Value::Modelled(_), Shape::Modelled(_)) => value,
            (value, Shape::Open) => value,
            (_, Shape::Void) => Value::Void,
            (_, Shape::Unknown(why)) => return Err(self.unknown(why.clone())),
            (value, _) => return Err(self.unknown(Unknown::Construct(format!("a conversion of {value}")))),
        })
    }

    /// A variable is only looked at as what it is: its bytes are not kept.
    fn check_pointee(&self, pointer: &Pointer, to: &Pointee) -> Result<(), Stop> {
        let Pointer::Local { frame, slot, path } = pointer else { return Ok(()) };
        if *to == Pointee::Any {
            return Ok(());
        }
        let path = match (path.split_last(), self.shape_at(*frame, *slot, path)) {
            // One behind the last element, or the whole array.
            (_, Shape::Array(of, _)) => {
                return match (&*of, to) {
                    (Shape::Int(a), Pointee::Int(b)) if a == b => Ok(()),
                    (Shape::Record(a), Pointee::Record(b)) if a.name == *b => Ok(()),
                    (_, Pointee::Any) => Ok(()),
                    _ => Err(self.unknown(Unknown::Construct("an array looked at as something else".into()))),
                };
            }
            _ => path,
        };
        let is_same = match (self.shape_at(*frame, *slot, path), to) {
            (_, Pointee::Any) | (Shape::Open | Shape::Unknown(_), _) => true,
            (Shape::Int(a), Pointee::Int(b)) => a == *b,
            (Shape::Record(a), Pointee::Record(b)) => a.name == *b,
            (Shape::Modelled(a), Pointee::Record(b)) => a == *b,
            _ => false,
        };
        if is_same {
            return Ok(());
        }
        Err(self.unknown(Unknown::Construct("a variable looked at as something else".into())))
    }

    /// An integer as a value of this type.
    ///
    /// # Errors
    /// If the value is none and can't become one.
    pub fn convert(&self, value: Value, to: IntType) -> Result<Value, Stop> {
        self.converted(value, &Shape::Int(to))
    }
}
