# Each line holds the fake secret hunter2, the way such lines are written in the field.
FROM scratch
RUN echo 'admin:$apr1$abc$hunter2' > .htpasswd
RUN git config --global url."https://hunter2:x-oauth-basic@github.com/".insteadOf "https://github.com/"
RUN git config --global url."https://oauth2:hunter2@gitlab.com/".insteadOf x
RUN pip install --index-url https://user:hunter2@pypi.host/simple x
RUN pip config set global.index-url https://__token__:hunter2@host/simple
RUN npm set //registry.npmjs.org/:_authToken=hunter2
RUN echo "//registry.npmjs.org/:_authToken=hunter2" > ~/.npmrc
RUN echo "_auth=hunter2pq" >> .npmrc
RUN composer config http-basic.repo.host user hunter2
RUN composer config -g github-oauth.github.com hunter2token99
RUN aws configure set aws_secret_access_key hunter2
RUN net user ContainerAdmin hunter2 /add
RUN psql -c "ALTER USER postgres PASSWORD 'hunter2';"
RUN mysql -e "SET PASSWORD FOR 'root' = PASSWORD('hunter2');"
RUN mysql -e "GRANT ALL ON *.* TO 'x'@'%' IDENTIFIED BY \"hunter2\";"
RUN mysqladmin -u root password hunter2
RUN mysqladmin -u root password 'hunter2'
RUN /etc/init.d/mysql start && mysql -uroot -phunter2 -e x
RUN rabbitmqctl add_user admin hunter2
RUN useradd -m -p hunter2 x
RUN usermod --password hunter2 x
RUN echo "hunter2\nhunter2" | passwd root
RUN echo -e "hunter2\nhunter2\n" | smbpasswd -a -s me
RUN printf "%s\n%s\n" hunter2 hunter2 | passwd
RUN yes hunter2 | passwd root
RUN bash -c 'echo "root:hunter2" | chpasswd'
RUN sed -i 's/DB_PASS=.*/DB_PASS=hunter2/' .env
RUN sed -i "s/requirepass .*/requirepass hunter2/" redis.conf
RUN python -c "from x import passwd; passwd('hunter2')"
RUN php -r "define('DB_PASSWORD', 'hunter2');"
RUN node -e "process.env.API_KEY = 'hunter2'"
RUN echo "\$cfg['blowfish_secret'] = 'hunter2';" > x
RUN setx DB_PASSWORD hunter2
RUN $env:DB_PASSWORD = 'hunter2'
RUN [Environment]::SetEnvironmentVariable('DB_PASSWORD', 'hunter2')
RUN ConvertTo-SecureString 'hunter2' -AsPlainText
RUN ConvertTo-SecureString -String "hunter2" -AsPlainText
RUN x11vnc -storepasswd hunter2 ~/.vnc/passwd
RUN vncpasswd -f <<< hunter2 > x
RUN ansible-vault --vault-password hunter2
RUN cargo login hunter2
RUN gh auth login --with-token <<< hunter2
RUN sonar-scanner -Dsonar.login=hunter2 -Dsonar.token=hunter2
RUN mvn deploy -Dpassword=hunter2
RUN ./gradlew -PossrhPassword=hunter2
RUN java -Djavax.net.ssl.keyStorePassword=hunter2 -jar x
RUN docker run -e POSTGRES_PASSWORD=hunter2 x
RUN kubectl create secret generic x --from-literal=foo=hunter2
RUN helm install --set auth.rootPassword=hunter2,foo=bar x
RUN curl -H "X-Auth-Token:hunter2" h
RUN curl -H "Authorization: token hunter2" h
RUN curl -H "Authorization:Bearer hunter2" h
RUN curl "https://api/x?api_key=hunter2"
RUN curl -d "username=x&password=hunter2" h
RUN curl -d '{"user":"x","password":"hunter2"}' h
RUN curl --data-urlencode "password=hunter2" h
RUN curl --proxy-user a:hunter2 h
RUN wget --user=x --password=hunter2 h
RUN wget --http-user=x --http-passwd=hunter2 h
RUN wget ftp://u:hunter2@h/x
RUN svn co --username x --password hunter2 h
RUN sshpass -phunter2 ssh x
RUN openssl enc -aes-256-cbc -k hunter2 -in x
RUN openssl enc -aes-256-cbc -pass pass:hunter2 -in x
RUN gpg --passphrase=hunter2 -d x
RUN gpg --passphrase hunter2 -d x
RUN echo hunter2 | gpg --passphrase-fd 0 -d x
RUN unzip -P hunter2 x.zip
RUN 7z x -phunter2 x.7z
RUN htpasswd -b -c /f u hunter2
RUN redis-cli -a hunter2 ping
RUN mongo admin -u x -p hunter2
RUN cqlsh -u x -p hunter2
RUN ldapadd -D x -w hunter2
RUN snyk auth hunter2
RUN echo "login = u\npassword = hunter2" > x
RUN echo "password: hunter2" > x.yml
RUN { echo 'user=u'; echo 'password=hunter2'; } > ~/.my.cnf
RUN echo 'PASSWORD="hunter2"' >> /etc/x
ENV DB_PASS=hunter2 DB_HOST=db
ENV DATABASE_URL mysql://u:hunter2@h/db
ENV SPRING_DATASOURCE_PASSWORD=hunter2
ENV REDIS_URL=redis://:hunter2@h:6379/0
ENV SMTP_URL="smtp://u:hunter2@h:25"
ENV CONN="Host=h;Username=u;Password=hunter2"
ENV ConnectionStrings__Default="Server=h;User Id=u;Pwd=hunter2;"
ENV AZURE_STORAGE_CONNECTION_STRING="DefaultEndpointsProtocol=https;AccountName=x;AccountKey=hunter2==;EndpointSuffix=x"
ENV JAVA_OPTS="-Dx=y -Ddb.password=hunter2 -Dz=1"
ENV SECRET_KEY_BASE hunter2
ENV APP_KEY=base64:hunter2pq
ENV GITHUB_PAT=hunter2
ENV RAILS_MASTER_KEY=hunter2
ENV JWT=hunter2xyz
ENV ENCRYPTION_SALT=hunter2x
ENV GITHUB_CLIENT_SECRET=hunter2
ENV SLACK_WEBHOOK=https://hooks.slack.com/services/T/B/hunter2
ENV SENTRY_DSN=https://hunter2@sentry.io/1
ENV FTP_PWD=hunter2
ENV MYSQL_PWD=hunter2
ENV ES_CREDS=u:hunter2
ENV TWILIO_AUTH=hunter2xx
LABEL password="hunter2"
ARG PASS=hunter2
ARG pw=hunter2
ARG ssh_prv_key="hunter2"
ARG SSH_KEY=hunter2
ARG LICENSE_KEY=hunter2
HEALTHCHECK CMD mysqladmin ping -u root -phunter2
HEALTHCHECK CMD curl -fu admin:hunter2 http://localhost/
HEALTHCHECK CMD ["redis-cli","-a","hunter2","ping"]
CMD ["--requirepass","hunter2"]
CMD ["sh","-c","redis-server --requirepass \"hunter2\""]
CMD vncserver -passwd hunter2
CMD java -jar x.jar --spring.datasource.password=hunter2
ENTRYPOINT ["ngrok","authtoken","hunter2"]
RUN ngrok authtoken hunter2
RUN ngrok config add-authtoken hunter2
RUN tailscale up --authkey hunter2
RUN heroku auth:token hunter2
RUN subscription-manager register --username u --password hunter2
RUN subscription-manager register --org x --activationkey hunter2
RUN SUSEConnect -r hunter2
RUN echo "export TOKEN=hunter2" >> ~/.bashrc
RUN echo TOKEN=hunter2>>.env
RUN ssh-keygen -t rsa -N hunter2 -f x
RUN ssh-keygen -t rsa -N "hunter2" -f x
RUN echo "hunter2" > /root/password.txt
RUN echo 'hunter2' > /etc/vsftpd/passwd
RUN echo "u:hunter2" > /etc/nginx/.htpasswd
RUN echo hunter2 | sudo -S apt update
ADD https://user:hunter2@host/x /x
ADD https://host/x?token=hunter2 /x
