//! Units and how they relate.

use toml::{Table, Value};

/// Kinds of units; a unit is worth so many of the base unit of its kind.
pub struct Units(Table);

impl Units {
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        text.parse().map(Self)
    }

    /// `length: m km mi`, a line a kind.
    pub fn names(&self) -> String {
        let line = |(kind, units): (&String, &Value)| {
            let names = units.as_table().map(|units| units.keys().cloned().collect::<Vec<_>>());
            format!("{kind}: {}", names.unwrap_or_default().join(" "))
        };
        self.0.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    pub fn convert(&self, amount: f64, from: &str, to: &str) -> Result<f64, String> {
        for units in self.0.values().filter_map(Value::as_table) {
            let worth = |name: &str| match units.get(name)? {
                Value::Float(worth) => Some(*worth),
                Value::Integer(worth) => Some(*worth as f64),
                _ => None,
            };
            if let (Some(from), Some(to)) = (worth(from), worth(to)) {
                return Ok(amount * from / to);
            }
        }
        Err(format!("`{from}` and `{to}` are no units of the same kind"))
    }
}

#[test]
fn kilometres_are_miles() {
    let units = Units::parse("[length]\nm = 1\nkm = 1000\nmi = 1609.344\n").unwrap();
    assert_eq!(format!("{:.4}", units.convert(5.0, "km", "mi").unwrap()), "3.1069");
    assert!(units.convert(5.0, "km", "kg").is_err());
}
