//! Words that people write where a secret will stand, and passwords that everybody guesses.

/// Longest text that is taken apart into words.
const MAX_TEXT: usize = 48;

/// Words that say: to be filled in, or made up for a test.
const MARKERS: &str = "change changeme changethis replace replaceme replacethis your yours youre example examples sample \
    placeholder dummy fake faked todo tbd tba fixme insert fill redacted notset unset undefined mock mocked invalid \
    unused ignored ignore nothing needed required notreal bogus stub foo bar foobar baz qux lorem ipsum here \
    precompile precompilation compile assets insertme overwrite override overwritten overridden override_me \
    somevalue anything whatever temporary notasecret notsecret nosecret insecure unsafe xxx xxxx xxxxx xxxxxx";

/// The markers that count in the middle of joined text too, as nothing else contains them.
const LOUD_MARKERS: &str = "changeme change-me change_me changethis changeit replaceme replace-me replace_me placeholder example \
    your-secret yoursecret yourpassword yourtoken yourkey your_ your- xxxx dummy redacted notasecret not-a-secret insert_ \
    fortesting testonly fakefake fake_ _fake fake- -fake todo";

/// Passwords that stand first in every list of guesses, and user names and product names that images take as default
/// passwords.
///
/// Sources: the defaults in the documentation of the images named here, and the heads of the public lists of common
/// passwords.
const GUESSES: &str = "a admin administrator alpine apache api app auth cassandra clickhouse code couchdb cookie data database \
    db default demo dev develop developer development django docker elastic elasticsearch flask gitea gitlab \
    grafana guest guess hello hive influxdb jenkins jwt key keycloak laravel letmein local localdev localhost login magento \
    mail manager mariadb master minio minioadmin mongo mongodb mssql mysql nagios neo4j neo nextcloud nginx none odoo \
    oracle pass passcode passphrase passw password passwd passwort pg phrase pi postgres postgresql private prod \
    production pwd qwerty rabbit rabbitmq rails raspberry redis root ruby sa secret secrets secretkey secure server service \
    session sonar spring staging strong super superset superuser supersecret symfony sys system test tester testing token \
    tomcat toor ubuntu user username vagrant value vault web webapp welcome wiki wordpress wp zabbix my the this is \
    some any very top not for to so in of me it long please use with at least char chars character characters public pw psw abc asdf qwertz iloveyou \
    dragon monkey sunshine trustno hunter access account client site store shop backend frontend string base random encryption basic \
    airflow kafka solr nifi rocket rocketchat owncloud joomla drupal ghost directus strapi hasura metabase kong consul \
    nomad mattermost drone concourse teamcity bitwarden vaultwarden ldap smtp ftp ssh vnc admin123 generic sample";

/// Whether a list of words, separated by white space, holds `word`.
pub(super) fn listed(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|known| known == word)
}

/// Whether one of the words, or the text as a whole, says that the value is still to come.
pub(super) fn is_marked(lower: &str, words: &[String]) -> bool {
    words.iter().any(|word| listed(MARKERS, word)) || has_loud_marker(lower)
}

/// Whether the text holds a word that no random text holds, such as `changeme`.
pub(super) fn has_loud_marker(lower: &str) -> bool {
    LOUD_MARKERS.split_whitespace().any(|marker| lower.contains(marker))
}

/// Whether lower-case letters are made of guessable words and the words in `own` alone.
pub(super) fn is_guessable(letters: &str, own: &[String]) -> bool {
    if letters.is_empty() || letters.len() > MAX_TEXT || !letters.is_ascii() {
        return false;
    }
    // reachable[n]: the first n letters are words.
    let mut reachable = [false; MAX_TEXT + 1];
    reachable[0] = true;
    for start in 0..letters.len() {
        if !reachable[start] {
            continue;
        }
        let rest = &letters[start..];
        let known = GUESSES.split_whitespace().chain(own.iter().map(String::as_str));
        for word in known.filter(|word| rest.starts_with(word)) {
            reachable[start + word.len()] = true;
        }
    }
    reachable[letters.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_words() {
        for text in ["password", "mysecretpassword", "postgres", "rootpw", "supersecretkey", "jwtsecret"] {
            assert!(is_guessable(text, &[]), "{text}");
        }
        for text in ["", "fsociety", "correcthorse", "benchmark", &"a".repeat(60)] {
            assert!(!is_guessable(text, &[]), "{text}");
        }
        assert!(is_guessable("acmepass", &["acme".to_owned()]));
    }

    #[test]
    fn markers() {
        assert!(is_marked("your_token", &["your".to_owned()]));
        assert!(is_marked("pleasechangeme!", &[]));
        assert!(!is_marked("hunter2", &["hunter".to_owned()]));
    }
}
