//! What Kubernetes' `runAsNonRoot` makes of the user of an image.

/// Whether a kubelet starts a container of an image with this `config.User` when the pod says `runAsNonRoot: true` and
/// no `runAsUser`; if not, what it says.
///
/// The container runtime takes what stands before the colon for a user id where Go's `strconv.ParseInt` reads it, and
/// for a name otherwise (containerd, `getUserFromImage`; cri-o has the same). No user at all counts as id 0
/// (kubelet, `getImageUser`). The kubelet refuses 0, and every name because it cannot look it up (kubelet,
/// `pkg/kubelet/kuberuntime/security_context_linux.go`, `verifyRunAsNonRoot`).
///
/// Ids that no container can have (negative, or above 2³¹−1: runc, `libcontainer/user`) are refused here as well.
pub(crate) fn admits(user: &str) -> Result<(), String> {
    if user.is_empty() {
        return Err("image will run as root: it sets no user".to_owned());
    }
    let name = user.split(':').next().unwrap_or_default();
    match name.parse::<i64>() {
        Err(_) => Err(format!("image has non-numeric user ({name}), cannot verify user is non-root")),
        Ok(0) => Err("image will run as root".to_owned()),
        Ok(uid) if i32::try_from(uid).is_ok_and(|uid| uid > 0) => Ok(()),
        Ok(uid) => Err(format!("{uid} is no user id")),
    }
}

#[cfg(test)]
mod tests {
    use super::admits;

    #[test]
    fn numbers_other_than_zero_are_admitted() {
        for user in ["1", "1000", "65532:65532", "10001:0", "101:nginx", "2147483647"] {
            assert_eq!(admits(user), Ok(()), "{user}");
        }
    }

    #[test]
    fn root_is_refused_however_it_is_spelled() {
        for user in ["", "0", "0:0", "00", "0:1000", "+0", "-0"] {
            assert!(admits(user).unwrap_err().contains("run as root"), "{user:?}");
        }
    }

    #[test]
    fn names_are_refused_even_those_of_other_users() {
        for user in ["node", "root", "nonroot:nonroot", "www-data", "1000a", " 1000", ":1000"] {
            assert!(admits(user).unwrap_err().contains("non-numeric"), "{user:?}");
        }
    }

    #[test]
    fn ids_out_of_range_are_refused() {
        for user in ["-1", "2147483648", "4294967296"] {
            assert!(admits(user).unwrap_err().contains("no user id"), "{user}");
        }
        assert!(admits("99999999999999999999").is_err());
    }
}
