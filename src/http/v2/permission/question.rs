//! Reading the body of `POST /v2/permission`, and which of the three questions it is.
//!
//! Every known field is taken first, then judged by the mode: a field that the mode does not use is an error, since a
//! client that sends it means another question than the one that would be answered.

use crate::domain::{
    ActionName, ActionPattern, Attributes, CustomerId, Filter, NameError, ORGANIZATION_ATTRIBUTE, ResourceName,
    ResourcePattern, UserId, check_attribute, read_value,
};
use crate::http::accept::Form;
use crate::index::MAX_PAGE;
use crate::json::{Errors, Fields, Node};
use crate::queue::JobId;
use crate::service::{CheckQuestion, DEFAULT_LIMIT, ListQuestion, MAX_ATTRIBUTES, MAX_RESOURCES_ASKED, WhoHasQuestion};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// The question of a body.
#[derive(Debug)]
pub(super) enum Question {
    Check(CheckQuestion),
    List(ListQuestion),
    WhoHas(WhoHasQuestion),
}

/// What a body asks.
#[derive(Debug)]
pub(super) struct Asked {
    pub question: Question,
    /// Log the query that the index is asked.
    pub debug: bool,
}

/// A question. `requesterId` asks about one user: a check, with `list: true` all he may do; without it, who has this.
#[derive(Serialize, ToSchema)]
#[schema(as = PermissionQuestion)]
#[serde(rename_all = "camelCase")]
pub(super) struct Described {
    /// An action's name. For a list a filter, which may be a pattern; else required.
    #[schema(example = "doc:read")]
    action: Option<String>,
    /// Whose permission.
    #[schema(minimum = 1, example = 17)]
    requester_id: Option<i64>,
    /// 1 to 100 resources (acrns), or a single one as a string. For a list patterns are allowed. Left out: anywhere.
    #[schema(min_items = 1, max_items = 100, example = json!(["acrn:app:1:doc/7"]))]
    resource: Option<Vec<String>>,
    /// List what the requester may do.
    list: Option<bool>,
    /// Log the index query, with the request's id.
    debug: Option<bool>,
    /// Attributes of the resources, which conditions are judged by: strings, numbers or booleans; at most 32.
    #[schema(value_type = Option<BTreeMap<String, serde_json::Value>>, example = json!({"color": "red"}))]
    attributes: Option<BTreeMap<String, serde_json::Value>>,
    /// Who has: the page's size. 0 just counts.
    #[schema(minimum = 0, maximum = 10_000, default = 1000)]
    limit: Option<u16>,
    /// Who has: where to go on, as `nextCursor` said.
    cursor: Option<String>,
    /// Who has: one customer's users only.
    #[schema(minimum = 1)]
    customer_id: Option<i64>,
    /// The answer must include this job's effects.
    after_job_id: Option<Uuid>,
}

/// The fields as they came, before a mode is chosen. What is `None` was not given, or is wrong and told already.
struct Given {
    action: Option<String>,
    has_action: bool,
    resources: Option<Texts>,
    attributes: Option<Node>,
    after: Option<JobId>,
    debug: bool,
}

/// One or several texts, and where each stands.
enum Texts {
    One(String),
    Many(Vec<String>),
}

/// Reads a question whose answer is wanted in `form`.
///
/// # Errors
/// All that is wrong.
pub(super) fn read(body: Node, form: Form) -> Result<Asked, Errors> {
    let mut errors = Errors::default();
    let mut fields = Fields::new(body, "", &mut errors);
    let about_one = fields.has("requesterId");
    let requester = fields.id("requesterId").map(UserId);
    let lists = fields.has("list");
    let list = fields.boolean("list");
    let given = Given::take(&mut fields);
    let question = match (about_one, list) {
        (true, Some(true)) => {
            not_used(&mut fields, &["attributes"], given.attributes.is_some(), "a list");
            who_has_only(&mut fields, "a list");
            given.list(requester, &mut fields)
        }
        (true, _) => {
            who_has_only(&mut fields, "a check");
            given.check(requester, &mut fields)
        }
        (false, _) => {
            if lists {
                fields.wrong("list", "`list` needs a `requesterId`: name whose permissions, or leave it out");
            }
            given.who_has(form, &mut fields)
        }
    };
    let debug = given.debug;
    fields.finish();
    Ok(Asked { question: errors.check(question)?, debug })
}

fn who_has_only(fields: &mut Fields<'_>, mode: &str) {
    for name in ["limit", "cursor", "customerId"] {
        // Taken, so that it is known.
        let given = fields.node(name).is_some();
        not_used(fields, &[name], given, mode);
    }
}

fn not_used(fields: &mut Fields<'_>, names: &[&str], given: bool, mode: &str) {
    for name in names.iter().filter(|_| given) {
        fields.wrong(name, format!("`{name}` is not used in {mode}: leave it out"));
    }
}

impl Given {
    fn take(fields: &mut Fields<'_>) -> Self {
        let has_action = fields.has("action");
        Self {
            action: fields.string("action"),
            has_action,
            resources: resources(fields),
            attributes: fields.node("attributes"),
            after: after(fields),
            debug: fields.boolean("debug").unwrap_or(false),
        }
    }

    fn check(&self, requester: Option<UserId>, fields: &mut Fields<'_>) -> Option<Question> {
        let action = self.one_action(fields);
        let resources = self.parsed(fields, ResourceName::parse);
        let attributes = self.read_attributes(fields);
        Some(Question::Check(CheckQuestion {
            requester: requester?,
            action: action?,
            resources: resources?,
            attributes: attributes?,
            after: self.after,
        }))
    }

    fn list(&self, requester: Option<UserId>, fields: &mut Fields<'_>) -> Option<Question> {
        let action = match &self.action {
            None => Some(None),
            Some(text) => kept(fields, "/action", ActionPattern::parse(text)).map(Some),
        };
        let resources = self.parsed(fields, ResourcePattern::parse);
        let filter = Filter { action: action?, resources: resources? };
        Some(Question::List(ListQuestion { requester: requester?, filter, after: self.after }))
    }

    fn who_has(&self, form: Form, fields: &mut Fields<'_>) -> Option<Question> {
        let action = self.one_action(fields);
        let resources = self.parsed(fields, ResourceName::parse);
        let attributes = self.read_attributes(fields);
        let (limit, cursor) = page(form, fields);
        let customer = fields.id("customerId").map(CustomerId);
        Some(Question::WhoHas(WhoHasQuestion {
            action: action?,
            resources: resources?,
            attributes: attributes?,
            customer,
            limit: limit?,
            cursor,
            after: self.after,
            debug: self.debug,
        }))
    }

    fn one_action(&self, fields: &mut Fields<'_>) -> Option<ActionName> {
        match &self.action {
            Some(text) => kept(fields, "/action", ActionName::parse(text)),
            None if self.has_action => None,
            None => {
                fields.wrong("action", "`action` is missing: name one, such as `doc:read`");
                None
            }
        }
    }

    fn parsed<T>(&self, fields: &mut Fields<'_>, parse: impl Fn(&str) -> Result<T, NameError>) -> Option<Vec<T>> {
        match &self.resources {
            None => Some(Vec::new()),
            Some(Texts::One(text)) => kept(fields, "/resource", parse(text)).map(|one| vec![one]),
            Some(Texts::Many(texts)) => {
                let one = |(index, text): (usize, &String)| kept(fields, &format!("/resource/{index}"), parse(text));
                let read: Vec<_> = texts.iter().enumerate().map(one).collect();
                read.into_iter().collect()
            }
        }
    }

    fn read_attributes(&self, fields: &mut Fields<'_>) -> Option<Attributes> {
        let Some(node) = &self.attributes else {
            return Some(Attributes::new());
        };
        if self.resources.is_none() {
            let detail = "attributes are those of a resource: name the `resource`, or leave them out";
            fields.errors().add("/attributes", detail);
        }
        attributes(node.clone(), fields)
    }
}

/// The value, or the error told.
fn kept<T>(fields: &mut Fields<'_>, pointer: &str, read: Result<T, NameError>) -> Option<T> {
    read.map_err(|error| fields.errors().add(pointer, error.to_string())).ok()
}

/// A string or an array of 1 to 100 strings.
fn resources(fields: &mut Fields<'_>) -> Option<Texts> {
    let items = match fields.node("resource")? {
        Node::String(text) => return Some(Texts::One(text)),
        Node::Array(items) => items,
        other => {
            fields.wrong("resource", format!("expected an array of acrns, or one as a string, found {}", other.word()));
            return None;
        }
    };
    match items.len() {
        0 => fields.wrong("resource", "the array is empty: leave `resource` out to ask about anywhere"),
        1..=MAX_RESOURCES_ASKED => {}
        count => fields.wrong("resource", format!("{count} resources are asked: at most {MAX_RESOURCES_ASKED}")),
    }
    let mut texts = Vec::with_capacity(items.len().min(MAX_RESOURCES_ASKED));
    for (index, item) in items.into_iter().take(MAX_RESOURCES_ASKED).enumerate() {
        match item {
            Node::String(text) => texts.push(text),
            other => {
                fields.errors().add(format!("/resource/{index}"), format!("expected a string, found {}", other.word()));
            }
        }
    }
    Some(Texts::Many(texts))
}

fn after(fields: &mut Fields<'_>) -> Option<JobId> {
    let text = fields.string("afterJobId")?;
    let id = job_id(&text);
    if id.is_none() {
        fields.wrong(
            "afterJobId",
            format!("`{}` is no job's id: send `jobId` as it was answered", crate::json::quoted(&text)),
        );
    }
    id
}

/// A job's id as we write it: other spellings of the same UUID are none of ours.
pub(super) fn job_id(text: &str) -> Option<JobId> {
    const HYPHENATED: usize = 36;
    Uuid::try_parse(text).ok().filter(|_| text.len() == HYPHENATED).map(JobId)
}

pub(super) fn attributes(node: Node, fields: &mut Fields<'_>) -> Option<Attributes> {
    let given = match node {
        Node::Object(given) => given,
        other => {
            fields.wrong("attributes", format!("expected an object, found {}", other.word()));
            return None;
        }
    };
    if given.len() > MAX_ATTRIBUTES {
        fields.wrong("attributes", format!("{} attributes are given: at most {MAX_ATTRIBUTES}", given.len()));
        return None;
    }
    let mut read = Attributes::new();
    for (name, node) in given {
        let pointer = format!("/attributes/{}", crate::json::quoted(&name).replace('~', "~0").replace('/', "~1"));
        if name == ORGANIZATION_ATTRIBUTE {
            let detail = "`org_id` comes from the resource's customer and can't be given: leave it out";
            fields.errors().add(pointer, detail);
        } else if check_attribute(&name, &pointer, fields.errors()) {
            read_value(node, &pointer, fields.errors()).map(|value| read.insert(name.into(), value));
        }
    }
    Some(read)
}

/// The page of a who-has; a stream has none.
fn page(form: Form, fields: &mut Fields<'_>) -> (Option<usize>, Option<String>) {
    if form != Form::Json {
        for name in ["limit", "cursor"] {
            let given = fields.node(name).is_some();
            not_used(fields, &[name], given, "a stream, which sends all users");
        }
        return (Some(MAX_PAGE), None);
    }
    let limit = match fields.integer("limit") {
        None => Some(DEFAULT_LIMIT),
        Some(limit) => {
            let fits = usize::try_from(limit).ok().filter(|limit| *limit <= MAX_PAGE);
            if fits.is_none() {
                fields.wrong("limit", format!("`{limit}` is no page size: 0 to {MAX_PAGE} are"));
            }
            fits
        }
    };
    (limit, fields.string("cursor"))
}

#[cfg(test)]
mod tests;
