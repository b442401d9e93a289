//! GitHub's expressions, as far as our workflows use them.

use serde_json::{Value, json};

/// What an expression can see: contexts by name, and how the steps or jobs before went.
pub(super) struct Scope<'s> {
    pub(super) contexts: &'s Value,
    pub(super) failed: bool,
}

impl Scope<'_> {
    /// A text with `${{ }}` in it. A text that is one expression and nothing else keeps the expression's type.
    pub(super) fn text(&self, text: &str) -> Value {
        if let Some(inner) = text.strip_prefix("${{").and_then(|t| t.strip_suffix("}}")).filter(|t| !t.contains("}}")) {
            return self.value(inner);
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            let (inner, after) = after.split_once("}}").unwrap_or_else(|| panic!("no }}}} in {text}"));
            out += before;
            out += &plain(&self.value(inner));
            rest = after;
        }
        Value::from(out + rest)
    }

    /// An `if:`; without a function that asks how it went, everything before must have gone well.
    pub(super) fn holds(&self, condition: Option<&Value>) -> bool {
        let condition = condition.map_or_else(|| "success()".to_owned(), plain);
        let condition = condition.trim().trim_start_matches("${{").trim_end_matches("}}");
        let asks = ["always()", "success()", "failure()", "cancelled()"].iter().any(|f| condition.contains(f));
        (asks || !self.failed) && truthy(&self.value(condition))
    }

    fn value(&self, text: &str) -> Value {
        let mut parser = Parser { scope: self, text, at: 0 };
        let value = parser.either();
        parser.blanks();
        assert_eq!(parser.at, text.len(), "unread: {text}");
        value
    }
}

/// As it is put into a text.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn truthy(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && *value != json!("") && *value != json!(0)
}

struct Parser<'p> {
    scope: &'p Scope<'p>,
    text: &'p str,
    at: usize,
}

impl<'p> Parser<'p> {
    fn rest(&self) -> &'p str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, token: &str) -> bool {
        self.blanks();
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn either(&mut self) -> Value {
        let mut value = self.both();
        while self.eat("||") {
            let other = self.both();
            value = if truthy(&value) { value } else { other };
        }
        value
    }

    fn both(&mut self) -> Value {
        let mut value = self.equal();
        while self.eat("&&") {
            let other = self.equal();
            value = if truthy(&value) { other } else { value };
        }
        value
    }

    fn equal(&mut self) -> Value {
        let value = self.one();
        if self.eat("==") {
            return (plain(&value) == plain(&self.one())).into();
        }
        if self.eat("!=") {
            return (plain(&value) != plain(&self.one())).into();
        }
        value
    }

    fn one(&mut self) -> Value {
        if self.eat("!") {
            return (!truthy(&self.one())).into();
        }
        if self.eat("(") {
            let value = self.either();
            assert!(self.eat(")"), "no ) in {}", self.text);
            return value;
        }
        if self.eat("'") {
            let (text, _) = self.rest().split_once('\'').unwrap_or_else(|| panic!("no ' in {}", self.text));
            self.at += text.len() + 1;
            return text.into();
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let name = &self.rest()[..self.rest().find(|c| !is_name(c)).unwrap_or(self.rest().len())];
        assert!(!name.is_empty(), "nothing to read at {} in {}", self.rest(), self.text);
        self.at += name.len();
        if self.eat("(") {
            let mut arguments = Vec::new();
            while !self.eat(")") {
                arguments.push(self.either());
                self.eat(",");
            }
            return self.call(name, &arguments);
        }
        // What nobody has set is empty, but what no context can have is a mistake of ours.
        let (context, path) = name.split_once('.').unwrap_or_else(|| panic!("{name} in {}", self.text));
        let context = self.scope.contexts.get(context).unwrap_or_else(|| panic!("no context {context}: {}", self.text));
        path.split('.').fold(context, |value, key| &value[key]).clone()
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Value {
        match (name, arguments) {
            ("always", []) => true.into(),
            ("cancelled", []) => false.into(),
            ("success", []) => (!self.scope.failed).into(),
            ("failure", []) => self.scope.failed.into(),
            ("fromJSON", [text]) => serde_json::from_str(&plain(text)).unwrap(),
            ("format", [text, value]) => plain(text).replace("{0}", &plain(value)).into(),
            ("hashFiles", files) => format!("hash of {files:?}").into(),
            _ => panic!("no function {name}({arguments:?})"),
        }
    }
}

#[test]
fn expressions_mean_what_github_says_they_mean() {
    let contexts = json!({ "vars": { "a": "", "b": "x" }, "needs": { "plan": { "outputs": { "n": "2" } } } });
    let scope = |failed| Scope { contexts: &contexts, failed };
    for (text, value) in [
        ("${{ vars.a || '2' }}", json!("2")),
        ("${{ vars.b && format('--x={0}', vars.b) }}", json!("--x=x")),
        ("${{ vars.none && 'y' }}", json!(null)),
        ("a ${{ vars.b }}/${{ needs.plan.outputs.n }} b", json!("a x/2 b")),
        ("${{ fromJSON('[1,2]') }}", json!([1, 2])),
        ("plain", json!("plain")),
    ] {
        assert_eq!(scope(false).text(text), value, "{text}");
    }
    for (condition, well, badly) in [
        ("needs.plan.outputs.n != '0'", true, false),
        ("always() && needs.plan.outputs.n == '2'", true, true),
        ("failure()", false, true),
        ("${{ !cancelled() && needs.plan.outputs.n != '0' }}", true, true),
    ] {
        let held = [false, true].map(|failed| scope(failed).holds(Some(&condition.into())));
        assert_eq!(held, [well, badly], "{condition}");
    }
    assert!(scope(false).holds(None) && !scope(true).holds(None));
}
