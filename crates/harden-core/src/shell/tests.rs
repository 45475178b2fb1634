//! Scripts as Dockerfiles and entry scripts have them.

use super::{Script, read};

mod grammar;
