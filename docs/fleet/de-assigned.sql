-- Which hosts listen on a de-assigned port, and since when.
SELECT host, protocol, address, port, owner, since, last_heard
FROM portreeve.open_alerts
WHERE status = 'de-assigned'
ORDER BY since, host, port;
