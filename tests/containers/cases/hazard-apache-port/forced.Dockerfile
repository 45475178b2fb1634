FROM php:8.3-apache
COPY html/ /var/www/html/
USER 33
