//! All functions of the template.

use std::collections::HashMap;
use std::sync::Arc;

use leitwarte_template::function_arn;

use super::{Function, name};

/// The functions, in the order of the template, and by name.
pub(crate) struct Registry {
    functions: Vec<Arc<Function>>,
    by_name: HashMap<String, Arc<Function>>,
}

impl Registry {
    pub(crate) fn new(functions: Vec<Arc<Function>>) -> Self {
        let mut by_name = HashMap::new();
        // A logical id finds its function too, unless another function has it as name.
        for function in &functions {
            by_name.insert(function.spec.logical_id.clone(), Arc::clone(function));
        }
        for function in &functions {
            by_name.insert(function.spec.name.clone(), Arc::clone(function));
        }
        Self { functions, by_name }
    }

    pub(crate) fn all(&self) -> &[Arc<Function>] {
        &self.functions
    }

    /// The function called `name` in the template.
    pub(crate) fn named(&self, name: &str) -> Option<&Arc<Function>> {
        self.by_name.get(name)
    }

    /// The function a caller means by a name or ARN, else the ARN that does not exist.
    pub(crate) fn resolve(&self, reference: &str, qualifier: Option<&str>) -> Result<&Arc<Function>, String> {
        let (name, own_qualifier) = name::parse(reference);
        let qualifier = own_qualifier.or(qualifier).filter(|qualifier| *qualifier != "$LATEST");
        match (self.by_name.get(name), qualifier) {
            (Some(function), None) => Ok(function),
            (_, Some(qualifier)) => Err(format!("{}:{qualifier}", function_arn(name))),
            (None, None) => Err(function_arn(name)),
        }
    }
}
