//! What RUN does to files.

use super::*;

fn sample() -> Tree {
    tree(&[("run.sh", "script"), ("conf/a.conf", "a")])
}

#[test]
fn files_that_run_writes() {
    check(
        "FROM a\nWORKDIR /w\nRUN echo hi > /etc/hi && cd /tmp && curl -fsSLo tool https://example.com/x\n\
         RUN (cd /sub && wget -q https://example.com/file.txt?v=1) && touch here\n\
         RUN curl -O https://example.com/y.sh && printf x | tee -a /etc/more > /dev/null\nRUN make || echo no > /failed\n",
        &sample(),
        &[
            ("/etc/hi", "written"),
            ("/tmp/tool", "written"),
            ("/sub/file.txt", "written"),
            ("/w/here", "written?"),
            ("/w/y.sh", "written"),
            ("/etc/more", "written?"),
            ("/failed", "written?"),
            ("/dev/null", "base"),
        ],
    );
}

#[test]
fn heredocs_of_run() {
    check(
        "FROM a\nRUN cat <<'EOF' > /entry.sh && chmod +x /entry.sh\n#!/bin/sh\nexec app\nEOF\n\
         RUN <<EOF\necho x > /one\nln -s /entry.sh /two\nEOF\nRUN <<EOF\n#!/usr/bin/env python3\nopen('x')>/three\nEOF\n\
         RUN tee /four <<EOF\n4\nEOF\n",
        &sample(),
        &[
            ("/entry.sh", "written \"#!/bin/sh\\nexec app\\n\""),
            ("/one", "written"),
            ("/two", "written \"#!/bin/sh\\nexec app\\n\""),
            ("/three", "base"),
            ("/four", "written \"4\\n\""),
        ],
    );
}

#[test]
fn links_moves_and_copies_are_followed() {
    check(
        "FROM a\nCOPY run.sh conf /src/\nRUN ln -s /src/run.sh /usr/local/bin/start && ln -sf ../src/run.sh /x/rel\n\
         RUN ln -s /src /linked && cp /src/run.sh /copy && mkdir /dir && mv /src/a.conf /dir\n\
         RUN ln -s /bin/busybox /bin/thing && install -m 755 /src/run.sh /usr/local/bin/inst && cp /etc/passwd /mine\n\
         ENV D=/opt\nRUN cp /src/run.sh $D/ && rm -f /copy2 /mine2\nRUN [\"ln\", \"-s\", \"/copy\", \"/exec\"]\n",
        &sample(),
        &[
            ("/usr/local/bin/start", "run.sh"),
            ("/x/rel", "run.sh"),
            ("/linked/run.sh", "run.sh"),
            ("/copy", "run.sh"),
            ("/dir/a.conf", "conf/a.conf"),
            ("/src/a.conf", "base"),
            ("/bin/thing", "base"),
            ("/usr/local/bin/inst", "run.sh"),
            ("/mine", "written"),
            ("/opt/run.sh", "run.sh"),
            ("/exec", "run.sh"),
        ],
    );
}

#[test]
fn what_is_removed_is_gone() {
    check(
        "FROM a\nCOPY . /app\nRUN rm -rf /app/conf /app/x*\nRUN f() { rm /app/run.sh; }\n",
        &sample(),
        &[("/app/conf/a.conf", "base"), ("/app/run.sh", "run.sh")],
    );
}

#[test]
fn a_copy_after_a_run_wins_and_before_it_loses() {
    check(
        "FROM a\nCOPY run.sh /one\nCOPY run.sh /two\nRUN echo x > /one\nRUN echo x > /two\nCOPY run.sh /two\n",
        &sample(),
        &[("/one", "written"), ("/two", "run.sh")],
    );
}

#[test]
fn powershell_is_not_read() {
    check("FROM a\nSHELL [\"powershell\"]\nRUN echo x > /one\n", &sample(), &[("/one", "base")]);
}
